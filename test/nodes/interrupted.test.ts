import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { syntheticParts } from '../../lib/learning/synthetic-parts.ts';
import { findStation } from '../../lib/node-red/stations.ts';
import { FlowRunner, onEachNodeRed } from '../kit/flows.ts';
import { childrenNamed } from '../kit/processes.ts';
import { refusal } from '../kit/refusal.ts';
import { stationNodes } from '../kit/station-flow.ts';
import { until } from '../kit/until.ts';

const z = 'station1-tab';
const station = 'station1-station';
const helper = (id: string) => ({ id, z, type: 'helper', wires: [] });

onEachNodeRed('an exposure that is interrupted', (runner) => {
  it('opens no inspection that nobody would finish', async () => {
    const source = { source: 'simulator', simWidth: 64, simHeight: 64 };
    const camera = { id: 'camera', z, type: 'goodpart-camera', station, view: 'main', run: 'free', intervalMs: 20 };
    await runner().start([
      ...stationNodes('station1', { deadlineMs: 300 }),
      { ...camera, ...source, wires: [['out']] },
      helper('out'),
    ]);
    const running = await until('the station', () => findStation('line1', 'station1'));
    const pictures = runner().collect('out');
    await until('pictures', () => pictures.length > 0);
    const [child] = childrenNamed('camera');
    process.kill(child, 'SIGSTOP');
    try {
      // a place is free and its exposure has begun
      await until('the others have their verdict', () => running.snapshot().open === 0);
      runner().node('camera').receive({ topic: 'stop' });
    } finally {
      process.kill(child, 'SIGCONT');
    }
    const { length } = pictures;
    runner().node('camera').receive({ collect: true });
    await until('a later picture', () => pictures.length > length);
    assert.equal(running.snapshot().open, 0);
    assert.deepEqual(
      pictures.slice(length).map(({ collect }) => collect),
      [true],
    );
  });
});

describe('learn good parts', () => {
  let flows: FlowRunner;
  const runner = () => flows;
  beforeEach(() => {
    flows = new FlowRunner(require.resolve('node-red'));
  });
  afterEach(() => flows.stop());

  const learnFlow = (more: object = {}) => [
    ...stationNodes(),
    {
      ...{
        id: 'learn',
        z,
        type: 'goodpart-learn',
        station,
        view: 'main',
        model: 'parts',
        source: 'messages',
        count: 20,
      },
      ...{ features: 'bank', head: 'gaussian', size: 64, sensitivity: false },
      ...{ ...more, wires: [['learned'], ['progress'], ['asked']] },
    },
    ...['learned', 'progress', 'asked'].map(helper),
  ];
  const pictures = syntheticParts(24, 96, 96, 1);
  const good = (number: number) => pictures[number - 1];

  it('takes several pictures at once, one too many as well', async () => {
    await runner().start(learnFlow());
    const running = await until('the station', () => findStation('line1', 'station1'));
    const errors: unknown[] = [];
    runner()
      .node('learn')
      .on('call:error', ((call: { firstArg: unknown }) => errors.push(call.firstArg)) as never);
    const learned = runner().collect('learned');
    runner().node('learn').receive({ topic: 'learn' });
    for (let number = 1; number <= 24; number++) {
      runner()
        .node('learn')
        .receive({ collect: true, payload: good(number) });
    }
    await until('the model', () => learned.length === 1 || errors.length > 0, { timeoutMs: 20_000 });
    assert.deepEqual(errors, []);
    assert.equal((learned[0].payload as { images: number }).images, 20);
    assert.ok(running.recipes.active()?.views.main);
  });

  it('is ended by a deploy, leaves nothing half and waits for the next', async () => {
    await runner().start(learnFlow());
    const running = await until('the station', () => findStation('line1', 'station1'));
    const begin = () => {
      runner().node('learn').receive({ topic: 'learn' });
      for (let number = 1; number <= 20; number++) {
        runner()
          .node('learn')
          .receive({ collect: true, payload: good(number) });
      }
    };
    begin();
    await until('it learns', () => childrenNamed('learning').length === 1);
    await runner().deploy(learnFlow({ seed: 2 }), 'nodes');
    await until('its process is gone', () => childrenNamed('learning').length === 0);
    assert.equal(running.recipes.active(), null);
    assert.match(
      await refusal(runner().node('learn'), { payload: good(1) }),
      /"learn", "learn once", "add", "exclude" or "cancel"/,
    );
    const models = join(runner().userDir, 'goodpart/models');
    assert.deepEqual(
      readdirSync(models).filter((name) => !name.startsWith('.')),
      [],
    );
  });
});
