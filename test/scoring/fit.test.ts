import assert from 'node:assert/strict';
import fc from 'fast-check';
import { checkGraph, readOutputs, toTensor } from '../../lib/scoring/fit.ts';
import { type ModelDescription, parseModel } from '../../lib/scoring/model-schema.ts';
import { describeTiny, tinyInput } from './tiny-models.ts';

const model = (changes: Partial<ModelDescription> = {}) =>
  parseModel({ schema: 1, ...describeTiny(changes), sha256: '00'.repeat(32) });
const input = { name: 'image', type: 'uint8', shape: [1, 6, 8, 3] as (number | null)[] };
const map = { name: 'map', type: 'float32', shape: [1, 6, 8] };

describe('checkGraph', () => {
  const refused = (field: string, work: () => void) =>
    assert.throws(work, (error: Record<string, string>) => {
      assert.deepEqual([error.code, error.field], ['GP_MODEL_INVALID', field]);
      assert.ok(error.expected && error.received);
      return true;
    });

  it('takes a graph that is as described, open dimensions included', () => {
    checkGraph(model(), [input], [map]);
    checkGraph(model(), [{ ...input, shape: [null, null, null, 3] }], [map, { ...map, name: 'other' }]);
  });

  it('names what does not fit', () => {
    refused('model.json.input.name', () => checkGraph(model(), [{ ...input, name: 'x' }], [map]));
    refused('model.json.input', () => checkGraph(model(), [input, { ...input, name: 'second' }], [map]));
    refused('model.json.input.type', () => checkGraph(model(), [{ ...input, type: 'float32' }], [map]));
    refused('model.json.input', () => checkGraph(model(), [{ ...input, shape: [1, 8, 6, 3] }], [map]));
    refused('model.json.input', () => checkGraph(model(), [{ ...input, shape: [1, 3] }], [map]));
    refused('model.json.outputs.map', () => checkGraph(model(), [input], [{ ...map, name: 'x' }]));
    refused('model.json.outputs.map', () => checkGraph(model(), [input], [{ ...map, type: 'int64' }]));
    refused('model.json.outputs.score', () =>
      checkGraph(model({ outputs: { map: null, score: 'score' } }), [input], [map]),
    );
  });
});

describe('toTensor', () => {
  it('moves pixels to planes and scales floats as described', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 144, maxLength: 144 }), (pixels) => {
        const described = { ...tinyInput, layout: 'NCHW', type: 'float32', scale: 1 / 255 } as const;
        const { data, shape } = toTensor(pixels, described);
        assert.deepEqual([...shape], [1, 3, 6, 8]);
        for (let y = 0; y < 6; y++)
          for (let x = 0; x < 8; x++)
            for (let c = 0; c < 3; c++)
              assert.equal(data[(c * 6 + y) * 8 + x], Math.fround(pixels[(y * 8 + x) * 3 + c] / 255));
      }),
      { numRuns: 20 },
    );
  });

  it('passes uint8 rows on without a copy', () => {
    const pixels = new Uint8Array(144);
    assert.equal(toTensor(pixels, tinyInput).data, pixels);
    assert.ok(toTensor(pixels, { ...tinyInput, type: 'float32' }).data instanceof Float32Array);
  });
});

describe('readOutputs', () => {
  const outputs = (...values: number[]) => ({ map: { data: Float32Array.from(values), shape: [1, 1, 2, 3] } });

  it('takes the map’s maximum where there is no score', () => {
    const { score, map } = readOutputs(model(), outputs(1, 5, -2, 0, 3, 4));
    assert.equal(score, 5);
    assert.deepEqual([map?.width, map?.height], [3, 2]);
    assert.equal(readOutputs(model(), outputs(-3, -5, -2, -9, -3, -4)).score, -2);
  });

  it('never hides a value that is not finite behind a maximum', () => {
    assert.ok(Number.isNaN(readOutputs(model(), outputs(1, Number.NaN, 2, 3, 4, 5)).score));
    assert.ok(Number.isNaN(readOutputs(model(), outputs(Number.NaN, 9, 9, 9, 9, 9)).score));
    assert.equal(
      readOutputs(model(), outputs(1, 2, 3, 4, 5, Number.NEGATIVE_INFINITY)).score,
      Number.NEGATIVE_INFINITY,
    );
  });

  it('refuses shapes that are no map and no score', () => {
    const data = new Float32Array(12);
    for (const shape of [[12], [2, 2, 3], [1, 1, 1, 3, 4], []]) {
      assert.throws(() => readOutputs(model(), { map: { data, shape } }), {
        code: 'GP_MODEL_INVALID',
        field: 'model.json.outputs.map',
      });
    }
    const both = model({ outputs: { map: null, score: 'score' } });
    assert.throws(() => readOutputs(both, { score: { data, shape: [12] } }), { field: 'model.json.outputs.score' });
    assert.deepEqual(readOutputs(both, { score: { data: Float32Array.of(7), shape: [1, 1] } }), {
      score: 7,
      map: null,
    });
  });
});
