import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LearningJob } from '../../lib/learning/learning-job.ts';
import { syntheticParts } from '../../lib/learning/synthetic-parts.ts';
import { tritonConfig } from '../../lib/scoring/kserve/triton-repository.ts';
import { ModelStore, readDescription } from '../../lib/scoring/model-store.ts';
import { writeTestModel } from '../kit/models.ts';
import { repositoryRoot } from '../kit/needs.ts';
import { pythonWith } from '../kit/python.ts';
import { tempDir } from '../kit/temp.ts';
import { addTiny, meanModel } from '../scoring/tiny-models.ts';
import { goodpart, json } from './kit.ts';

function readBy(python: string, config: string): unknown {
  const script = join(repositoryRoot, 'test/scoring/kserve/read_triton_config.py');
  const { stdout, stderr } = spawnSync(python, [script, config], { encoding: 'utf8' });
  assert.equal(stderr, '');
  return JSON.parse(stdout);
}

describe('goodpart export', () => {
  const folder = tempDir('export');
  const models = join(folder, 'models');
  const store = new ModelStore(models);
  let first: string;
  before(async () => {
    await writeTestModel(models, { version: '1' });
    await writeTestModel(models, { version: '2' });
    first = store.dirOf('brightness', '1');
  });

  it('puts a version into a Triton repository, the very file and a configuration that Triton’s schema takes', function () {
    const python = pythonWith(this, 'tritonclient');
    const repository = join(folder, 'new/repository');
    const ran = goodpart('export', '--model', first, '--triton', repository, '--json');
    assert.deepEqual([ran.status, ran.stderr], [0, '']);
    const files = ['brightness/config.pbtxt', 'brightness/1/model.onnx'];
    assert.deepEqual(json(ran), { ok: true, triton: repository, name: 'brightness', version: '1', files });
    assert.deepEqual(readdirSync(join(repository, 'brightness')).sort(), ['1', 'config.pbtxt']);
    const bytes = (path: string) => readFileSync(path);
    assert.ok(bytes(join(repository, files[1])).equals(bytes(join(first, 'model.onnx'))));
    assert.deepEqual(readBy(python, join(repository, files[0])), {
      name: 'brightness',
      backend: 'onnxruntime',
      version_policy: { all: {} },
      input: [{ name: 'image', data_type: 'TYPE_UINT8', dims: ['1', '64', '64', '1'] }],
      output: [{ name: 'map', data_type: 'TYPE_FP32', dims: ['1', '1', '8', '8'] }],
    });
  });

  it('takes a learned model, and says what the model node wants to know', async () => {
    const quick = { features: 'bank', head: 'gaussian', sensitivity: false, keepAspect: true } as const;
    const images = syntheticParts(24, 128, 96, 1).map((frame) => ({ frame }));
    const { dir } = await new LearningJob({ images, modelsRoot: models, name: 'rings', ...quick }).run();
    const repository = join(folder, 'of-learned');
    const ran = goodpart('export', '--model', dir, '--triton', repository);
    assert.deepEqual([ran.status, ran.stderr], [0, '']);
    assert.match(ran.stdout, /model rings, version 1\.$/m);
    const config = readFileSync(join(repository, 'rings/config.pbtxt'), 'utf8');
    assert.match(config, /name: "score"\s+data_type: TYPE_FP32\s+dims: \[ 1 \]/);
  });

  it('adds versions beside each other and keeps what was set in config.pbtxt, but replaces nothing', () => {
    const repository = join(folder, 'growing');
    const add = (version: string, ...more: string[]) =>
      goodpart('export', '--model', store.dirOf('brightness', version), '--triton', repository, ...more);
    assert.equal(add('1').status, 0);
    const config = join(repository, 'brightness/config.pbtxt');
    const own = `${readFileSync(config, 'utf8')}instance_group [ { count: 2 } ]\n`;
    writeFileSync(config, own);
    assert.equal(add('2').status, 0);
    assert.deepEqual(readdirSync(join(repository, 'brightness')).sort(), ['1', '2', 'config.pbtxt']);
    assert.equal(readFileSync(config, 'utf8'), own);
    const again = add('2');
    assert.equal(again.status, 3);
    assert.match(
      again.stderr,
      /^goodpart export: Expected a new one for the version in .*brightness but received "2"$/m,
    );
    writeFileSync(config, own.replace('64, 64', '32, 32'));
    assert.match(add('1', '--as-version', '7').stderr, /but received others: give it another name$/m);
    assert.equal(add('1', '--name', 'other', '--as-version', '7').status, 0);
    assert.ok(existsSync(join(repository, 'other/7/model.onnx')));
  });

  it('refuses what Triton cannot have, in one line', async () => {
    const repository = join(folder, 'refused');
    const dir = await addTiny(store, meanModel, { outputs: { map: 'map', score: 'score' } });
    const cases: [string[], RegExp][] = [
      [['--model', dir], /Expected a shape that Triton can state for output score but received "a scalar"$/m],
      [['--model', first, '--name', '../escape'], /Expected letters, digits, _, - and \. for the name in Triton/],
      [['--model', first, '--as-version', '01'], /Expected a whole number of 1 or more for the version in Triton/],
      [['--model', join(folder, 'absent')], /Expected a readable model\.json/],
    ];
    for (const [args, pattern] of cases) {
      const ran = goodpart('export', ...args, '--triton', repository);
      assert.equal(ran.status, 3, ran.stderr);
      assert.match(ran.stderr, pattern);
    }
    assert.equal(existsSync(repository), false, 'nothing is left behind');
  });

  it('writes names of tensors as protobuf’s text format wants them', async function () {
    const python = pythonWith(this, 'tritonclient');
    const name = 'a "b"\\ü\n';
    const config = join(folder, 'strange.pbtxt');
    writeFileSync(config, tritonConfig('strange', await readDescription(first), { [name]: { shape: [1, 2] } }));
    const { output } = readBy(python, config) as { output: object[] };
    assert.deepEqual(output, [{ name, data_type: 'TYPE_FP32', dims: ['1', '2'] }]);
  });
});
