import { join } from 'node:path';
import type { NodeAPI } from 'node-red';
import { defineNode } from '../../lib/node-red/define-node.ts';
import { dataFolder } from '../../lib/node-red/stations.ts';
import { takeEndpoint } from '../plc-endpoint.ts';
import { config } from './config.ts';

/** An OPC UA server: anonymous clients read, the user of the credentials may also command. */
export default function register(RED: NodeAPI): void {
  defineNode(RED, config, async (kit) => {
    const { host, port, allowAnonymous } = kit.config;
    const { user, password } = kit.credentials;
    const users = user && password ? [{ name: user, password }] : [];
    const pkiDir = join(dataFolder(RED), 'pki');
    const options = { host, port, allowAnonymous, users, pkiDir };
    const about = { name: kit.config.name, protocol: 'OPC UA', address: `opc.tcp://${host}:${port}` } as const;
    const lease = await takeEndpoint(`opc ua ${kit.id}`, about, options, (link, key) => link.openOpcUa(key, options));
    kit.onClose(() => lease.release());
    return { offers: lease.value };
  });
}
