import assert from 'node:assert/strict';
import fc from 'fast-check';
import { GoodpartError } from '../../lib/core/errors.ts';
import { decodeModel, encodeModel, onnxTypes } from '../../lib/scoring/onnx-proto.ts';
import { meanModel } from './tiny-models.ts';

describe('onnx-proto', () => {
  it('reads what it wrote, zeros and empty names included', () => {
    const read = decodeModel(encodeModel(meanModel));
    const { output, ...graph } = meanModel.graph ?? {};
    const { output: outputs, ...rest } = read.graph ?? {};
    assert.deepEqual({ ...read, graph: rest }, { ...meanModel, graph });
    assert.deepEqual(outputs?.[0], output?.[0]);
    assert.deepEqual(
      outputs?.[1].type?.tensorType,
      { elemType: 1, shape: {} },
      'a scalar has a shape without dimensions',
    );
  });

  it('keeps weights byte for byte', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 400 }),
        fc.array(fc.float({ noDefaultInfinity: true })),
        (rawData, floats) => {
          const initializer = [
            { name: 'w', dims: [rawData.length], dataType: onnxTypes.uint8, rawData: Buffer.from(rawData) },
            { name: 'f', dims: [floats.length], dataType: onnxTypes.float32, floatData: floats },
          ];
          const read = decodeModel(encodeModel({ graph: { node: [{ opType: 'Identity' }], initializer } })).graph
            ?.initializer;
          assert.deepEqual(Buffer.from(read?.[0].rawData ?? []), Buffer.from(rawData));
          assert.deepEqual(read?.[1].floatData ?? [], floats);
        },
      ),
    );
  });

  it('says GP_MODEL_INVALID, and nothing else, for bytes that are no model', () => {
    const model = encodeModel(meanModel);
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 100 }),
        fc.nat(model.length - 1),
        fc.integer({ min: 1, max: 255 }),
        (bytes, at, mask) => {
          const flipped = Buffer.from(model);
          flipped[at] ^= mask;
          for (const candidate of [bytes, flipped, model.subarray(0, at)]) {
            try {
              decodeModel(candidate);
            } catch (error) {
              assert.ok(GoodpartError.is(error) && error.code === 'GP_MODEL_INVALID', String(error));
            }
          }
        },
      ),
    );
    assert.throws(() => decodeModel(Buffer.alloc(0)), { code: 'GP_MODEL_INVALID' });
  });
});
