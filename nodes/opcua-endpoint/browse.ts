import type { NodeAPI } from 'node-red';
import { GoodpartError } from '../../lib/core/errors.ts';
import { adminRoute } from '../../lib/node-red/routes.ts';
import type { OpcUaClientOptions } from '../../lib/plc/settings.ts';
import { withLink } from '../plc-endpoint.ts';

const maxTextLength = 500;

/** Clients that are deployed: their passwords are used for browsing, and only where they were meant for. */
const deployed = new Map<string, OpcUaClientOptions>();

/** Lets the dialog of this node browse with the deployed password; the answer ends that. */
export function showClient(nodeId: string, options: OpcUaClientOptions): () => void {
  deployed.set(nodeId, options);
  return () => {
    if (deployed.get(nodeId) === options) deployed.delete(nodeId);
  };
}

/** Of the dialog: an address that may not be deployed yet, with a password or the node whose password it is. */
interface Asked {
  url: string;
  security: OpcUaClientOptions['security'];
  user: string;
  password: string;
  /** The configuration node that asks; '' = none. */
  owner: string;
  /** Whose children are wanted; '' = the Objects folder. */
  nodeId: string;
}

function asked(body: unknown): Asked {
  const fields = ['url', 'security', 'user', 'password', 'owner', 'nodeId'] as const;
  const given = (body ?? {}) as Record<string, unknown>;
  return Object.fromEntries(
    fields.map((field) => {
      const value = given[field] ?? '';
      if (typeof value !== 'string' || value.length > maxTextLength) {
        throw new GoodpartError('GP_INPUT_INVALID', `Expected a text for ${field}`, { field });
      }
      return [field, value];
    }),
  ) as unknown as Asked;
}

/** The stored password goes to the server and for the user that it was stored for, or nowhere. */
function passwordOf({ owner, url, user, password }: Asked): string {
  if (password !== '' || user === '') return password;
  const known = deployed.get(owner);
  if (known !== undefined && known.url === url && known.user === user && known.security !== 'None') {
    return known.password ?? '';
  }
  throw new GoodpartError('GP_INPUT_INVALID', 'Type the password once more, or deploy first');
}

/**
 * One level of a PLC's tree, for the dialog: opens a connection to an address that the user typed, so behind `goodpart.write`. Also
 * the test of a connection: what prevents it is the answer's sentence.
 */
export function serveBrowse(RED: NodeAPI, pkiDir: string): void {
  adminRoute(RED, 'post', 'opcua/browse', 'goodpart.write', async ({ body }) => {
    const request = asked(body);
    const { url, security, user, nodeId } = request;
    const options = { url, security, user, password: passwordOf(request), pkiDir };
    return { body: await withLink((link) => link.browse(options, nodeId)) };
  });
}
