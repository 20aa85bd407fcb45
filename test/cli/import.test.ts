import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readDescription } from '../../lib/scoring/model-store.ts';
import { mostReferenceFrames, referenceFrames } from '../../lib/scoring/reference-frames.ts';
import { tempDir } from '../kit/temp.ts';
import { float32, floats, model as modelOf, node, written } from '../scoring/import-graphs.ts';
import { value } from '../scoring/tiny-models.ts';
import { drawGood, drawPart, goodpart, json } from './kit.ts';

interface Imported {
  ok: boolean;
  dir: string;
  files: string[];
  kind: string;
  limits: { median: number; warn: number; fail: number; source: string | null };
  notes: string[];
  statement: string;
}

/** How dark each 8 x 8 block is, 0..1, and the darkest; with `gain` cut off at 0 and 1. */
function darkness(gain?: number): string {
  const mean = node('ReduceMean', ['input'], 'grey', { axes: [1], keepdims: 1 });
  const nodes = [mean, node('AveragePool', ['grey'], 'blocks', { kernel_shape: [8, 8], strides: [8, 8] })];
  if (gain === undefined) nodes.push(node('Sub', ['one', 'blocks'], 'heat'));
  else {
    nodes.push(node('Sub', ['one', 'blocks'], 'dark'), node('Mul', ['dark', 'gain'], 'loud'));
    nodes.push(node('Clip', ['loud', 'zero', 'top'], 'heat'));
  }
  nodes.push(node('ReduceMax', ['heat'], 'worst', { axes: [1, 2, 3], keepdims: 0 }));
  const scalar = (name: string, number: number) => floats(name, [number], []);
  return written(
    modelOf({
      nodes,
      inputs: [value('input', float32, [1, 3, 64, 64])],
      outputs: [value('heat', float32, [1, 1, 8, 8]), value('worst', float32, [1])],
      tensors: [scalar('one', 1), scalar('gain', gain ?? 1), scalar('zero', 0), scalar('top', 1)],
    }),
  );
}

describe('goodpart import', () => {
  const folder = tempDir('import-command');

  it('makes a model of ours of one trained elsewhere, with which nothing passes before it has limits', async () => {
    const out = join(folder, 'bare');
    const ran = goodpart('import', '--onnx', darkness(), '--out', out, '--json');
    assert.deepEqual([ran.status, ran.stderr], [0, '']);
    const { ok, files, kind, limits } = json<Imported>(ran);
    assert.deepEqual([ok, files, kind, limits.source], [true, ['model.json', 'model.onnx'], 'generic', 'none']);
    const { name, outputs } = await readDescription(out);
    assert.deepEqual([name, outputs.map, outputs.score], ['bare', 'heat', 'worst']);
    const part = join(folder, 'part.png');
    writeFileSync(part, await drawPart(1));
    const told = goodpart('inspect', '--model', out, part, '--json');
    assert.equal(told.status, 1);
    assert.equal(json<{ files: { verdict: string }[] }>(told).files[0].verdict, 'invalid');
  });

  it('finds limits from good pictures, which then judge as those of a learned model do', async () => {
    const good = await drawGood(join(folder, 'good'), 30);
    writeFileSync(join(good, 'note.txt'), 'no picture');
    const out = join(folder, 'calibrated');
    const ran = goodpart('import', '--onnx', darkness(), '--out', out, '--good', good, '--name', 'dark spots');
    assert.deepEqual([ran.status, ran.stderr], [0, '']);
    assert.match(ran.stdout, /^Imported dark spots 1: generic, input 64 x 64/m);
    assert.match(
      ran.stdout,
      /^Limits from 30 good pictures, which the model must not have been trained on\. Warn limit 0\.\d+: /m,
    );
    assert.match(ran.stdout, /^Not usable: .*note\.txt: /m);
    const description = await readDescription(out);
    const { calibration } = description;
    assert.equal((await referenceFrames(out, description)).length, mostReferenceFrames, 'TensorRT can be compared');
    assert.deepEqual([calibration.source, calibration.scores.length], ['good frames', 30]);
    assert.ok(calibration.median < calibration.warn && calibration.warn < calibration.fail);
    const bad = join(folder, 'bad.png');
    writeFileSync(bad, await drawPart(1, { spot: { x: 30, y: 20, size: 18 } }));
    const told = goodpart('inspect', '--model', out, bad, join(good, '3.png'), '--json');
    assert.deepEqual(
      json<{ files: { verdict: string }[] }>(told).files.map(({ verdict }) => verdict),
      ['fail', 'pass'],
    );
  });

  it('says in one line why a file or its scores cannot be used, and leaves no folder', async () => {
    const out = join(folder, 'refused');
    const few = await drawGood(join(folder, 'few'), 3);
    const many = await drawGood(join(folder, 'many'), 24, 50);
    const text = join(folder, 'text.onnx');
    writeFileSync(text, 'this is no network');
    for (const [args, reason] of [
      [['--onnx', join(folder, 'absent.onnx')], /absent\.onnx/],
      [['--onnx', text], /Expected .*ONNX.* but received/],
      [['--onnx', darkness(), '--good', few], /at least 20 good pictures for --good but received 3 files/],
      [['--onnx', darkness(40), '--good', many], /24 of 24 that are exactly 0 or 1/],
      [['--onnx', darkness(), '--map', 'nothing'], /nothing/],
    ] as const) {
      const ran = goodpart('import', '--out', out, ...args);
      assert.match(ran.stderr, reason);
      assert.match(ran.stderr, /^goodpart import: [^\n]+\n$/);
      assert.deepEqual([ran.status, ran.stdout], [3, '']);
      assert.equal(existsSync(out), false);
    }
  });
});
