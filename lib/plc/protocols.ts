import type { KeeperOptions, Protocol } from './endpoint.ts';
import { modbusClient } from './modbus-client.ts';
import { ModbusServer } from './modbus-server.ts';
import { opcUaClient } from './opcua-client.ts';
import { OpcUaServer } from './opcua-server.ts';
import type { EndpointSettings } from './settings.ts';

/** A client tries again soon, and a PLC that is away for the weekend is asked every few seconds. */
const clientBackoff = { minMs: 250, maxMs: 5000, resetAfterMs: 5000 };

/** The protocol for these settings, and how it is kept open. */
export function makeProtocol(settings: EndpointSettings): { protocol: Protocol } & KeeperOptions {
  switch (settings.kind) {
    case 'modbus': {
      const { host, port } = settings.options;
      return { protocol: new ModbusServer(settings.options), address: `${host}:${port}` };
    }
    case 'opcua': {
      const { host, port } = settings.options;
      return { protocol: new OpcUaServer(settings.options), address: `${host}:${port}` };
    }
    case 'modbus client': {
      const { host, port } = settings.options;
      return { protocol: modbusClient(settings.options), address: `${host}:${port}`, backoff: clientBackoff };
    }
    case 'opcua client': {
      const { url } = settings.options;
      return { protocol: opcUaClient(settings.options), address: url, backoff: clientBackoff };
    }
  }
}
