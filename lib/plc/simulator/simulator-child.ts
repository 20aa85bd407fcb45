import { GoodpartError } from '../../core/errors.ts';
import { serveChild } from '../../process/serve-child.ts';
import type { SimulatedFault } from './faults.ts';
import { ModbusPlc } from './modbus-plc.ts';
import type { SimulatorSettings } from './settings.ts';
import { LineSimulator } from './simulator.ts';
import type { PlcProtocol } from './wire.ts';

const shownMs = 100;
let line: LineSimulator | undefined;

async function protocolOf({ protocol }: SimulatorSettings): Promise<PlcProtocol> {
  if (protocol.kind === 'modbus') return new ModbusPlc(protocol);
  const { OpcUaPlc } = await import('./opcua-plc.ts');
  return new OpcUaPlc(protocol);
}

function running(): LineSimulator {
  if (line === undefined) throw new GoodpartError('GP_INPUT_INVALID', 'The simulated line has not been started');
  return line;
}

const parent = serveChild(
  {
    start: async (settings: SimulatorSettings) => {
      line = new LineSimulator(settings, await protocolOf(settings), { part: (record) => parent.tell('part', record) });
      line.start();
      setInterval(() => parent.tell('state', running().state()), shownMs);
      return undefined;
    },
    fault: ({ name, on }: { name: SimulatedFault; on: boolean }) => {
      running().fault(name, on);
      return undefined;
    },
    run: ({ on }: { on: boolean }) => {
      running().run(on);
      return undefined;
    },
    reset: () => {
      running().reset();
      return undefined;
    },
  },
  { stop: async () => line?.stop() },
);
