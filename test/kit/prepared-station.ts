import { join } from 'node:path';
import { parseSourceSettings, settingsHash } from '../../lib/capture/settings.ts';
import { encodeName } from '../../lib/core/ids.ts';
import { Station } from '../../lib/station/station.ts';
import { activateTestRecipe, writeTestModel } from './models.ts';
import type { FlowNode } from './node-red.ts';

const size = { simWidth: 64, simHeight: 64 };
const simulated = { kind: 'simulator', width: size.simWidth, height: size.simHeight, encoding: 'raw' };

/**
 * Writes a tiny model and an active, validated recipe into a userDir before Node-RED starts, as an earlier learning run
 * would have left them for `lineFlow`, and what `more` adds.
 */
export async function prepareStation(
  userDir: string,
  cameraSettings = settingsHash(parseSourceSettings(simulated)),
  more: (station: Station, modelsRoot: string) => Promise<unknown> = async () => {},
): Promise<void> {
  const data = join(userDir, 'goodpart');
  const model = await writeTestModel(join(data, 'models'));
  const station = await Station.open({
    line: 'line1',
    station: 'station1',
    dir: join(data, 'stations', encodeName('line1'), encodeName('station1')),
    deadlineMs: 1000,
    maxOpen: 2,
    staleAfterMs: 0,
    mode: 'run',
  });
  station.registerCamera('main', { name: 'line', settingsHash: cameraSettings });
  await activateTestRecipe(station, model);
  await more(station, join(data, 'models'));
  await station.close();
}

/** A free-running simulated line of 64 x 64 pictures that tells a PLC over Modbus and keeps evidence. */
export function lineFlow(modbusPort: number, { intervalMs = 50, deadlineMs = 1000 } = {}): FlowNode[] {
  const z = 'tab';
  const station = 'the-station';
  const camera = { source: 'simulator', ...size, seed: 1, defectRate: 0.2, encoding: 'raw' };
  return [
    { id: z, type: 'tab', label: 'line' },
    { id: station, type: 'goodpart-station', line: 'line1', station: 'station1', mode: 'run', deadlineMs, maxOpen: 2 },
    { id: 'the-model', type: 'goodpart-model', model: '', version: '', threads: 1 },
    { id: 'the-modbus', type: 'goodpart-modbus-endpoint', host: '127.0.0.1', port: modbusPort, unitId: 255 },
    {
      id: 'camera',
      z,
      type: 'goodpart-camera',
      station,
      view: 'main',
      run: 'free',
      intervalMs,
      ...camera,
      wires: [['score']],
    },
    { id: 'score', z, type: 'goodpart-score', station, model: 'the-model', view: 'main', wires: [['rules']] },
    { id: 'rules', z, type: 'goodpart-rules', station, thresholds: 'recipe', final: true, wires: [['output']] },
    {
      id: 'output',
      z,
      type: 'goodpart-modbus-output',
      station,
      endpoint: 'the-modbus',
      slot: 0,
      wires: [['evidence']],
    },
    { id: 'evidence', z, type: 'goodpart-evidence', station, passPercent: 0, wires: [[]] },
  ];
}

/** The line of `lineFlow`, triggered by the PLC instead of running by itself. */
export function triggeredFlow(port: number, more: FlowNode[] = []): FlowNode[] {
  const nodes = lineFlow(port).map((node) => (node.id === 'camera' ? { ...node, run: 'triggered' } : node));
  const trigger = {
    ...{ id: 'trigger', z: 'tab', type: 'goodpart-trigger', station: 'the-station', source: 'plc' },
    wires: [['camera'], []],
  };
  return [...nodes, trigger, ...more];
}
