import assert from 'node:assert/strict';
import { checkGraph, readOutputs, wantedOutputs } from '../../lib/scoring/fit.ts';
import { checkProbe, type Probe } from '../../lib/scoring/kserve/probe.ts';
import { classScores, type ModelDescription, parseModel } from '../../lib/scoring/model-schema.ts';
import { agreementOf } from '../../lib/scoring/tensorrt/agreement.ts';
import { describeTiny, tinyInput } from './tiny-models.ts';

const named = { output: 'classes', names: ['scratch', 'good', 'dent'], good: 1 };
const described = (classes: ModelDescription['classes'] = named) =>
  parseModel({
    ...{ schema: 1, sha256: '0'.repeat(64) },
    ...describeTiny({ outputs: { map: null, score: 'score' }, classes }),
  });
const outputs = (...probabilities: number[]) => ({
  score: { data: Float32Array.of(2), shape: [1, 1] },
  classes: { data: Float32Array.from(probabilities), shape: [1, probabilities.length] },
});

describe('a classifier’s classes', () => {
  it('are read beside the score, with their names; what is no number stays none', () => {
    const model = described();
    assert.deepEqual(wantedOutputs(model), ['score', 'classes']);
    const { score, classes } = readOutputs(model, outputs(0.25, Number.NaN, 0.5));
    assert.equal(score, 2);
    assert.deepEqual(classScores(model, JSON.parse(JSON.stringify(Array.from(classes ?? [])))), [
      { name: 'scratch', probability: 0.25, good: false },
      { name: 'good', probability: Number.NaN, good: true },
      { name: 'dent', probability: 0.5, good: false },
    ]);
  });

  it('must be what the graph gives', () => {
    const model = described();
    assert.throws(() => readOutputs(model, outputs(0.5, 0.5)), { field: 'model.json.classes.names' });
    const { name, width, height, channels } = tinyInput;
    const inputs = [{ name, type: 'uint8' as const, shape: [1, height, width, channels] }];
    const score = { name: 'score', type: 'float32' as const, shape: [1, 1] };
    assert.throws(() => checkGraph(model, inputs, [score]), { field: 'model.json.classes.output' });
  });

  for (const [what, classes] of [
    ['a good class that is none of them', { ...named, good: 3 }],
    ['a name twice', { ...named, names: ['a', 'a', 'b'] }],
    ['no name', { ...named, names: [], good: null }],
  ] as const) {
    it(`are refused with ${what}`, () => {
      assert.throws(() => described(classes as never), { code: 'GP_MODEL_INVALID', field: /^model\.json\.classes/ });
    });
  }

  it('must be those of this machine on a server and on a GPU, or neither is used', () => {
    const model = described();
    const probe = { outputs: outputs(0.2, 0.3, 0.5) } as unknown as Probe;
    checkProbe('http://server', model, probe, outputs(0.205, 0.295, 0.5));
    for (const other of [outputs(0.5, 0.3, 0.2), outputs(0.2, 0.3, Number.NaN)]) {
      assert.throws(() => checkProbe('http://server', model, probe, other), /class (0|2) /);
    }
    const expected = [readOutputs(model, outputs(0.2, 0.3, 0.5))];
    const agrees = (...probabilities: number[]) =>
      agreementOf(model, expected, [readOutputs(model, outputs(...probabilities))])?.agrees;
    assert.deepEqual(
      [agrees(0.205, 0.3, 0.495), agrees(0.5, 0.3, 0.2), agrees(0.2, 0.3, Number.NaN)],
      [true, false, false],
    );
  });
});
