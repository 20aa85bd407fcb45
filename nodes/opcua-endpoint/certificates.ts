import type { NodeAPI } from 'node-red';
import { GoodpartError } from '../../lib/core/errors.ts';
import { adminRoute } from '../../lib/node-red/routes.ts';
import {
  deleteCertificate,
  distrustCertificate,
  ownCertificate,
  readPki,
  trustCertificate,
} from '../../lib/plc/pki-folder.ts';

const actions = { trust: trustCertificate, distrust: distrustCertificate, delete: deleteCertificate };
const owners = ['server', 'client'] as const;

/**
 * The certificates of all OPC UA endpoints of this Node-RED: whom to trust, and its own to be taken to the PLC. Reading behind
 * `goodpart.read`, deciding behind `goodpart.write`.
 */
export function serveCertificates(RED: NodeAPI, pkiDir: string): void {
  adminRoute(RED, 'get', 'opcua/certificates', 'goodpart.read', async () => ({ body: await readPki(pkiDir) }));
  adminRoute(RED, 'get', 'opcua/certificates/own/:owner', 'goodpart.read', async ({ params }) => {
    const owner = owners.find((known) => known === params.owner);
    const certificate = owner && (await ownCertificate(pkiDir, owner));
    if (!certificate) return { status: 404, body: { message: 'There is no such certificate yet: deploy first' } };
    return {
      type: 'application/pkix-cert',
      headers: { 'Content-Disposition': `attachment; filename="goodpart-${owner}.der"` },
      body: certificate.raw,
    };
  });
  adminRoute(RED, 'post', 'opcua/certificates/:id/:action', 'goodpart.write', async ({ params }) => {
    const { id, action } = params;
    if (!Object.hasOwn(actions, action))
      throw new GoodpartError('GP_INPUT_INVALID', 'Nothing of that name can be done');
    await actions[action as keyof typeof actions](pkiDir, id);
    return { body: await readPki(pkiDir) };
  });
}
