import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import type { Inspection } from '../../lib/core/inspection.ts';
import type { EvidenceRecord } from '../../lib/evidence/record.ts';
import { decodeCounts } from '../../lib/imaging/decode-counts.ts';
import { LearningJob } from '../../lib/learning/learning-job.ts';
import { findStation } from '../../lib/node-red/stations.ts';
import { ModelStore } from '../../lib/scoring/model-store.ts';
import { file } from '../imaging/pictures.ts';
import { deepPart, deepSize, png8, png16, rawOf } from '../kit/deep-parts.ts';
import { FlowRunner } from '../kit/flows.ts';
import { activateTestRecipe } from '../kit/models.ts';
import { stationNodes } from '../kit/station-flow.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';

const z = 'station1-tab';
const station = 'station1-station';
const node = (id: string, to: string[], more: object) => ({
  id,
  z,
  type: `goodpart-${id}`,
  station,
  wires: [to],
  ...more,
});
const flow = [
  ...stationNodes('station1', { deadlineMs: 20_000 }),
  node('camera', ['score'], { view: 'main', source: 'push' }),
  node('score', ['rules'], { model: 'station1-model', view: 'main', timeoutMs: 15_000 }),
  node('rules', ['evidence', 'picture'], { thresholds: 'recipe', final: true, rois: [] }),
  node('evidence', [], { passPercent: 100 }),
  node('picture', ['shown'], { content: 'frame', quality: 95 }),
  { id: 'shown', type: 'helper', z, wires: [] },
];

describe('A height map of 16 bits a sample', () => {
  const runner = new FlowRunner(require.resolve('node-red'));
  const closed: Inspection[] = [];
  const data = join(runner.userDir, 'goodpart');
  const evidence = join(data, 'stations/line1/station1/evidence');

  const records = (): EvidenceRecord[] =>
    readdirSync(join(evidence, 'journal'))
      .filter((name) => name.endsWith('.ndjson'))
      .flatMap((name) => readFileSync(join(evidence, 'journal', name), 'utf8').split('\n'))
      .flatMap((line) => (line.includes('"sequence"') ? [JSON.parse(line).record ?? JSON.parse(line)] : []));

  before(async () => {
    const good = tempDir('deep');
    mkdirSync(good, { recursive: true });
    for (let i = 0; i < 24; i++) writeFileSync(join(good, `${100 + i}.png`), await png16(deepPart(i + 1)));
    const options = { keepAspect: 'auto', features: 'bank', head: 'gaussian', sensitivity: false, size: 128 } as const;
    const images = [{ path: good }];
    const { model } = await new LearningJob({
      images,
      modelsRoot: join(data, 'models'),
      name: 'height',
      ...options,
    }).run();
    const { calibration } = await new ModelStore(join(data, 'models')).read(model.name, model.version);
    await runner.start(flow);
    const live = await until('the station', () => findStation('line1', 'station1'));
    live.on('closed', (inspection: Inspection) => closed.push(inspection));
    await activateTestRecipe(live, model, ['main'], [], calibration);
    await until('it can take a part', () => live.credit() > 0);
  });
  after(() => runner.stop());

  const inspect = async (payload: unknown): Promise<Inspection> => {
    const count = closed.length;
    runner.node('camera').receive({ payload });
    await until('the verdict', () => closed.length > count, { timeoutMs: 25_000 });
    return closed[count];
  };
  const recordOf = ({ id }: Inspection) => until('its record', () => records().find((record) => record.id === id));
  const keptOf = (record: EvidenceRecord, role: string) => {
    const found = record.files.find((each) => each.role === role);
    assert.ok(found, `${role} of ${JSON.stringify(record.pictures)}`);
    return { ...found, data: readFileSync(join(evidence, found.path)) };
  };

  it('is judged by what 8 bits do not show, and the evidence holds the very counts', async () => {
    const shown = runner.collect('shown');
    assert.equal((await inspect(await png16(deepPart(101)))).verdict, 'pass');
    const counts = deepPart(102, 20);
    const { width, height } = deepSize;
    const pushed: [string, unknown][] = [
      ['PNG', await png16(counts)],
      ['Uint16Array', { data: counts, width, height, channels: 1 }],
      ['Buffer', { data: rawOf(counts), width, height, channels: 1, bitDepth: 16 }],
    ];
    const scores = new Set<number | undefined>();
    for (const [what, payload] of pushed) {
      const inspection = await inspect(payload);
      assert.equal(inspection.verdict, 'fail', `${what}: ${inspection.reasons[0]?.text}`);
      scores.add(inspection.views[0].score?.score);
      const record = await recordOf(inspection);
      const kept = keptOf(record, 'frame');
      assert.equal(kept.type, 'image/png');
      assert.deepEqual((await decodeCounts(file(kept.data), { ...deepSize, channels: 1 })).data, counts, what);
      const { scale } = keptOf(record, 'overlay');
      assert.ok(scale && scale.min > 29_900 && scale.max < 32_900, JSON.stringify(scale));
    }
    assert.equal(scores.size, 1, 'a file and raw samples are the same picture');
    await until('pictures for people', () => shown.length > 0);
    const { channels } = await sharp(shown[0].payload as Buffer).stats();
    assert.ok(channels[0].max - channels[0].min > 200, 'seen from black to white');
  });

  it('of a camera that gives 8 bits is invalid, not judged', async () => {
    const { verdict, reasons } = await inspect(await png8(deepPart(101)));
    assert.deepEqual([verdict, reasons[0].key], ['invalid', 'imageUnreadable']);
    assert.match(reasons[0].text, /Expected a picture of 16 bits a sample for picture but received one of 8 bits/);
  });
});
