import type { FlowNode } from '../kit/node-red.ts';

/** One dialog of each type: what is stored before, what the user changes in it, and what is stored afterwards. */
export interface DialogCase {
  node: FlowNode;
  /** Field → what is typed, chosen or ticked. */
  change: Record<string, string | boolean>;
}

const config = (name: string, fields: object, change: DialogCase['change']): DialogCase => ({
  node: { id: `${name}-1`, type: `goodpart-${name}`, configVersion: 1, name: '', ...fields },
  change,
});

let row = 0;
const flow = (name: string, fields: object, change: DialogCase['change'], outputs = 1): DialogCase => ({
  node: {
    id: `${name}-1`,
    type: `goodpart-${name}`,
    z: 'tab-1',
    x: 160 + 260 * (row % 3),
    y: 60 + 60 * Math.floor(row++ / 3),
    configVersion: 1,
    name: '',
    wires: Array.from({ length: outputs }, () => []),
    ...fields,
  },
  change,
});

const station = { station: 'station-1' };

export const square = [
  [0.2, 0.2],
  [0.8, 0.2],
  [0.8, 0.8],
  [0.2, 0.8],
];

export const region = {
  index: 1,
  name: 'bore',
  mode: 'inspect',
  polygon: square,
  measure: 'maximum',
  areaAbove: null,
  median: 1,
  warn: 2,
  fail: 3,
};

export const cases: DialogCase[] = [
  config('station', { line: 'line1', station: 'station1', deadlineMs: 2000 }, { deadlineMs: '1500', mode: 'shadow' }),
  config('model', { model: 'parts', threads: 1 }, { threads: '2', version: '3' }),
  config('opcua-endpoint', { host: '127.0.0.1', port: 48410 }, { port: '48411', allowNone: false }),
  config('modbus-endpoint', { host: '127.0.0.1', port: 15020 }, { port: '15021', wordOrder: 'CDAB' }),
  flow('trigger', { ...station, source: 'message', partIdProperty: 'part.id' }, { partIdProperty: 'payload.id' }, 2),
  flow('camera', { ...station, view: 'main', source: 'folder', path: '/tmp/pictures' }, { loop: false, view: 'top' }),
  flow(
    'learn',
    { ...station, source: 'folder', path: '/tmp/pictures' },
    { warnRate: '0.1', keepAspect: 'stretch', head: 'nearest', lots: 'A, B', stage: 'verify', doubtTo: '1.2' },
    3,
  ),
  flow('scene', { ...station, part: true, region: square }, { count: '80', noise: true, colour: false }, 2),
  flow('score', { ...station, model: 'model-1' }, { timeoutMs: '800', stage: 'classify', leastConfidence: '0.7' }),
  flow('rules', { ...station, thresholds: 'fixed', rois: [region] }, { final: false }),
  flow('part', { ...station, rule: 'worst', required: 'main' }, { required: 'main, top' }),
  flow('alarm', { ...station, rule: 'kOfN', needed: 3, outOf: 10 }, { needed: '2', warns: true }, 2),
  flow('evidence', { ...station, passPercent: 1 }, { passPercent: '2.5', map: false }),
  flow('picture', { content: 'overlay' }, { maxWidth: '800', content: 'frame' }),
  flow('opcua-output', { ...station, endpoint: 'opcua-endpoint-1' }, { name: 'to the line' }),
  flow('modbus-output', { ...station, endpoint: 'modbus-endpoint-1', slot: 0 }, { slot: '3' }),
  flow('report', { ...station, root: 'works1/hall2' }, { repeatS: '10', waits: true }, 2),
  flow('plc-simulator', { protocol: 'modbus', port: 1502 }, { port: '1503', partsPerMinute: '90' }, 2),
];

export const everyNode: FlowNode[] = [
  { id: 'tab-1', type: 'tab', label: 'All nodes', disabled: true },
  ...cases.map(({ node }) => node),
];
