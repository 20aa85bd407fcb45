import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { addonFile } from '../../lib/scoring/tensorrt/addon.ts';
import { onEachNodeRed } from '../kit/flows.ts';
import { greyPicture } from '../kit/models.ts';
import { wants } from '../kit/needs.ts';
import { imageFlow, startStations } from '../kit/station-flow.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';
import { buildAddon, buildDouble, canBuild } from '../scoring/tensorrt/double.ts';

const root = tempDir('nodes-tensorrt');
let built = false;

onEachNodeRed('a station on a machine with TensorRT (a double of its libraries)', (runner) => {
  const libraries = join(root, 'double');
  const addons = join(root, 'addons');
  const inherited = process.env.LD_LIBRARY_PATH;

  before(function () {
    this.timeout(120_000);
    wants(this, "NVIDIA's public TensorRT headers (GOODPART_TENSORRT_HEADERS)", canBuild);
    if (!built) {
      for (const folder of [libraries, addons]) mkdirSync(folder);
      buildDouble(libraries);
      buildAddon(addonFile(addons));
      built = true;
    }
    process.env.LD_LIBRARY_PATH = libraries;
  });
  after(() => {
    if (inherited === undefined) delete process.env.LD_LIBRARY_PATH;
    else process.env.LD_LIBRARY_PATH = inherited;
  });

  const inspect = () =>
    runner()
      .node('station1-score')
      .receive({ payload: greyPicture(40, 60) });
  const flow = (engine: string) =>
    imageFlow().map((node) => ((node as { type: string }).type === 'goodpart-model' ? { ...node, engine } : node));

  it('scores by the CPU and says degraded, with what to do; then by TensorRT, as its records say', async () => {
    const [{ station, closed }] = await startStations(runner(), flow('auto'));
    await until('degraded', () => station.snapshot().health.degraded);
    const texts: string[] = [];
    runner()
      .node('station1-score')
      .on('call:status', (({ args: [{ text }] }: { args: { text: string }[] }) => texts.push(text)) as never);
    inspect();
    await until('a verdict', () => closed.length === 1);
    const [{ score }] = closed[0].views;
    assert.deepEqual([closed[0].verdict, score?.engine, score?.provider], ['pass', 'onnxruntime', 'cpu']);
    // a status is said with each part; the reason is known once TensorRT was tried
    await until('the reason', async () => {
      const parts = closed.length;
      inspect();
      await until('a verdict', () => closed.length > parts);
      return /CPU, not TensorRT: .*run goodpart tensorrt build/.test(texts.join());
    });

    const folder = join(runner().userDir, 'goodpart/tensorrt');
    mkdirSync(folder, { recursive: true });
    copyFileSync(addonFile(addons), addonFile(folder));
    const { data, width, height } = greyPicture(40, 90);
    const example = join(runner().userDir, 'goodpart/models/brightness/1/example-01.png');
    await sharp(data, { raw: { width, height, channels: 1 } })
      .png()
      .toFile(example);
    await runner().deploy(flow('onnxruntime'), 'nodes');
    await runner().deploy(flow('auto'), 'nodes');
    await until(
      'a verdict by TensorRT',
      () => {
        if (station.credit() > 0) inspect();
        return closed.at(-1)?.views[0].score?.engine === 'tensorrt';
      },
      { timeoutMs: 15_000, everyMs: 300 },
    );
    const last = closed.at(-1);
    assert.deepEqual([last?.verdict, last?.views[0].score?.provider], ['pass', 'TensorRT 10.3.0 fp16']);
    await until('no more degraded', () => !station.snapshot().health.degraded);
  });

  it('is not ready with "TensorRT only" where it cannot run, and says why', async () => {
    const [{ station }] = await startStations(runner(), flow('tensorrt'), { ready: false });
    const fault = await until('the fault', () => station.faults().find(({ text }) => /TensorRT/.test(text)));
    assert.match(fault.text, /addon is missing: run goodpart tensorrt build/);
    assert.equal(station.credit(), 0);
  });
});
