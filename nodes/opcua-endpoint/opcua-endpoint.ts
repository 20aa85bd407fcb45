import { join } from 'node:path';
import type { NodeAPI } from 'node-red';
import { defineNode } from '../../lib/node-red/define-node.ts';
import { dataFolder } from '../../lib/node-red/stations.ts';
import { takeEndpoint } from '../plc-endpoint.ts';
import { serveBrowse, showClient } from './browse.ts';
import { serveCertificates } from './certificates.ts';
import { config } from './config.ts';
import { clientOptions, serverOptions } from './options.ts';

/** An OPC UA server that PLCs connect to, or a client of a PLC's server. */
export default function register(RED: NodeAPI): void {
  const pkiDir = join(dataFolder(RED), 'pki');
  serveCertificates(RED, pkiDir);
  serveBrowse(RED, pkiDir);
  defineNode(RED, config, async (kit) => {
    const { name, role, host, port, url } = kit.config;
    if (role === 'client') {
      const options = clientOptions(kit.config, kit.credentials, pkiDir);
      kit.onClose(showClient(kit.id, options));
      const about = { name, protocol: 'OPC UA', address: url, role } as const;
      const lease = await takeEndpoint(`opc ua ${kit.id}`, about, options, (link, key) =>
        link.openOpcUaClient(key, options),
      );
      kit.onClose(() => lease.release());
      return { offers: lease.value };
    }
    const options = serverOptions(kit.config, kit.credentials, pkiDir);
    const about = { name, protocol: 'OPC UA', address: `opc.tcp://${host}:${port}`, role } as const;
    const lease = await takeEndpoint(`opc ua ${kit.id}`, about, options, (link, key) => link.openOpcUa(key, options));
    kit.onClose(() => lease.release());
    return { offers: lease.value };
  });
}
