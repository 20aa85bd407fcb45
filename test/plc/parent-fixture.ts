import type { StationSnapshot } from '../../lib/core/snapshot.ts';
import { PlcLink } from '../../lib/plc/plc-link.ts';

/**
 * Stands for Node-RED where a test must kill or stop it: opens the endpoints, publishes, keeps the decision loop alive.
 * argv[2]: JSON {modbus?: options, opcua?: options, lingerMs, snapshot}. Prints one JSON line per event.
 */
interface Setup {
  modbus?: Parameters<PlcLink['openModbus']>[1];
  opcua?: Parameters<PlcLink['openOpcUa']>[1];
  lingerMs: number;
  snapshot: StationSnapshot;
}

const setup = JSON.parse(process.argv[2]) as Setup;
const link = new PlcLink({ lingerMs: setup.lingerMs });
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);
let pid: number | undefined;
let shown = '';
link.on('endpoint', (key, state) => say({ event: 'endpoint', key, ...state }));
link.on('told', (station, results) => say({ event: 'told', station, results }));
if (setup.modbus) {
  link.openModbus('modbus', setup.modbus);
  link.attach('modbus', setup.snapshot.id, 0);
}
if (setup.opcua) {
  link.openOpcUa('opcua', setup.opcua);
  link.attach('opcua', setup.snapshot.id);
}
link.publish(setup.snapshot);
setInterval(() => {
  link.alive();
  const printed = link.stats().stderr.join('\n');
  if (printed !== '' && printed !== shown) process.stderr.write(`${printed}\n`);
  shown = printed;
  if (pid === link.stats().pid) return;
  pid = link.stats().pid;
  say({ event: 'child', pid });
}, 100);
