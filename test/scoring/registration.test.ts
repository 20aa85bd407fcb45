import assert from 'node:assert/strict';
import { join } from 'node:path';
import { systemClock } from '../../lib/core/clock.ts';
import { Frame } from '../../lib/core/frame.ts';
import { makeReference } from '../../lib/imaging/registration.ts';
import { OnnxRuntimeEngine } from '../../lib/scoring/engine.ts';
import {
  describePreprocessing,
  identityOf,
  type ModelInput,
  parseModel,
  type RegistrationReference,
} from '../../lib/scoring/model-schema.ts';
import { ModelStore } from '../../lib/scoring/model-store.ts';
import { onnxTypes } from '../../lib/scoring/onnx-proto.ts';
import { type Lying, photograph } from '../imaging/moved-part.ts';
import { tempDir } from '../kit/temp.ts';
import { addTiny, describeTiny, graph, meanModel, tinyInput, value } from './tiny-models.ts';

const size = { width: 160, height: 128 };
const input: ModelInput = { ...tinyInput, ...size, channels: 1 };
/** Its map is the picture that the graph is given, so that the test sees what was done to the frame. */
const [cast, mean] = meanModel.graph?.node ?? [];
const pictureModel = graph([cast, mean], [value('map', onnxTypes.float32, [1, size.height, size.width])], input);

const set = Array.from({ length: 5 }, (_, seed) => ({
  pixels: photograph(size, { noise: 2, seed }),
  ...size,
  channels: 1 as const,
}));
const limits = { maxShift: 0.06, maxRotation: 5 };
const registration: RegistrationReference = { ...limits, minAgreement: 0.5, reference: makeReference(set, limits) };
const changes = { input, registration, preprocessing: describePreprocessing(input, registration) };

let number = 0;
function frame(lying: Lying, pixels = photograph({ width: 320, height: 256 }, lying)): Frame {
  number += 1;
  return new Frame({
    ...{ data: pixels, encoding: 'raw', width: 320, height: 256, channels: 1, bitDepth: 8 },
    ...{ source: 'test', number, exposedAt: systemClock.mono(), exposedUtc: systemClock.utc(), settings: {} },
  });
}

describe('an engine whose model registers its frames', () => {
  const root = tempDir('registering');
  const engine = new OnnxRuntimeEngine({ name: 'registering' });
  const soon = { deadlineMs: 5_000 };
  let key: string;
  before(async () => {
    key = (await engine.load(await addTiny(new ModelStore(root), pictureModel, changes))).key;
  });
  after(() => engine.stop());

  /** What the graph saw. */
  async function seen(lying: Lying) {
    const result = await engine.score(key, frame(lying), soon);
    return { ...result, pixels: result.map?.values() ?? new Float32Array() };
  }

  it('gives the graph a shifted and turned part as it was learned, and says where it lay', async () => {
    const still = await seen({});
    const lying = { dx: 0.04, dy: -0.03, rotation: 3, noise: 2 };
    const moved = await seen(lying);
    const far = moved.pixels.map((cell, i) => Math.abs(cell - still.pixels[i]));
    assert.ok(far.reduce((sum, away) => sum + away, 0) / far.length < 2, 'mean difference');
    assert.ok(moved.registration && still.registration);
    assert.ok(Math.abs(moved.registration.dx - 0.04) < 0.004 && Math.abs(moved.registration.dy + 0.03) < 0.004);
    assert.ok(Math.abs(moved.registration.rotation - 3) < 0.2, JSON.stringify(moved.registration));
    assert.ok(Math.abs(still.registration.dx) < 0.004 && still.registration.agreement > 0.95);
    assert.ok(moved.timings.decode > 0 && moved.timings.decode < moved.timings.total);
  });

  it('refuses a part beyond the limits and says what was measured and what is allowed', async () => {
    const measured = {
      code: 'GP_PART_MISPLACED',
      message: /within 6\.0 % .+ and 5° .+ received one 1[12]\.\d % right/,
    };
    await assert.rejects(engine.score(key, frame({ dx: 0.12 }), soon), measured);
    await assert.rejects(engine.score(key, frame({ rotation: -8 }), soon), {
      code: 'GP_PART_MISPLACED',
      message: /[78]\.\d° counter-clockwise/,
    });
    assert.equal((await seen({})).score > 0, true, 'and goes on');
  });

  it('refuses a frame without the part', async () => {
    const empty = Buffer.alloc(320 * 256, 40);
    await assert.rejects(engine.score(key, frame({}, empty), soon), {
      code: 'GP_PART_MISPLACED',
      message: /agreement of at least 0\.50.+agrees 0\.00/,
    });
  });

  it('refuses to load a reference that is no picture', async () => {
    const broken = { ...registration, reference: { ...registration.reference, pixels: 'AAAA' } };
    const preprocessing = describePreprocessing(input, broken);
    const dir = await addTiny(new ModelStore(join(root, 'broken')), pictureModel, {
      ...changes,
      registration: broken,
      preprocessing,
    });
    await assert.rejects(engine.load(dir), { code: 'GP_MODEL_INVALID', message: /registration\.reference\.pixels/ });
    assert.equal((await seen({})).score > 0, true, 'the other model works on');
  });
});

describe('the identity of a model that registers its frames', () => {
  const describeWith = (changed?: RegistrationReference) => {
    const { registration: _, ...rest } = describeTiny({ input });
    const preprocessing = describePreprocessing(input, changed);
    const model = {
      schema: 1,
      ...rest,
      sha256: 'a'.repeat(64),
      preprocessing,
      ...(changed && { registration: changed }),
    };
    return parseModel(JSON.parse(JSON.stringify(model)));
  };

  it('changes with the reference and with each limit: thresholds are not valid for another one', () => {
    const pixels = Buffer.from(registration.reference.pixels, 'base64');
    pixels[0] ^= 1;
    const other = { ...registration.reference, pixels: pixels.toString('base64') };
    const variants = [
      undefined,
      registration,
      { ...registration, maxShift: 0.05 },
      { ...registration, maxRotation: 4 },
      { ...registration, minAgreement: 0.51 },
      { ...registration, reference: other },
    ].map((changed) => identityOf(describeWith(changed)).preprocessing);
    assert.equal(new Set(variants).size, variants.length);
    assert.equal(identityOf(describeWith({ ...registration })).preprocessing, variants[1]);
  });

  it('refuses a model.json whose registration was edited afterwards', () => {
    const model = describeWith(registration);
    assert.throws(() => parseModel({ ...model, registration: { ...registration, maxShift: 0.4 } }), {
      code: 'GP_MODEL_INVALID',
      message: /model\.json\.preprocessing/,
    });
    const { registration: _, ...without } = model;
    assert.throws(() => parseModel(without), { code: 'GP_MODEL_INVALID' });
  });
});
