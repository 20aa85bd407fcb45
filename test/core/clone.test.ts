import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { AnomalyMap } from '../../lib/core/anomaly-map.ts';
import { GoodpartError } from '../../lib/core/errors.ts';
import { Frame, type FrameInit, sniffEncoding } from '../../lib/core/frame.ts';

const init: FrameInit = {
  data: Buffer.from([1, 2, 3, 4, 5, 6]),
  encoding: 'raw',
  width: 2,
  height: 1,
  channels: 3,
  bitDepth: 8,
  source: 'camera top',
  number: 1,
  exposedAt: 5,
  exposedUtc: '2026-01-01T00:00:00.000Z',
  settings: { exposureUs: 120 },
};

type CloneMessage = (message: object) => { payload: Frame; inspection: { views: { frame: Frame; map: AnomalyMap }[] } };

const cloneDeep = createRequire(__filename)('lodash.clonedeep') as <T>(value: T) => T;

/** Node-RED's own message clone, as the given Node-RED release uses it. */
function cloneMessageOf(release: string): CloneMessage {
  const util = createRequire(require.resolve(`${release}/package.json`))('@node-red/util') as {
    util: { cloneMessage: CloneMessage };
  };
  return util.util.cloneMessage;
}

describe('frames and maps in messages', () => {
  const frame = new Frame(init);
  const map = AnomalyMap.from(2, 2, Float32Array.of(0, 1.5, -2, Number.NaN));

  for (const release of ['node-red', 'node-red-4']) {
    it(`pass by reference through the message clone of ${release}`, () => {
      const message = { _msgid: 'a', payload: frame, inspection: { views: [{ frame, map }] } };
      const copy = cloneMessageOf(release)(message);
      assert.notEqual(copy, message);
      assert.notEqual(copy.inspection.views, message.inspection.views);
      assert.equal(copy.payload, frame);
      assert.equal(copy.inspection.views[0].frame, frame);
      assert.equal(copy.inspection.views[0].map, map);
    });
  }

  it('pass by reference through lodash.clonedeep, inside arrays and objects too', () => {
    const copy = cloneDeep({ deep: [{ frame }, map] as const });
    assert.equal(copy.deep[0].frame, frame);
    assert.equal(copy.deep[1], map);
  });

  it('cost nothing to clone, however many values they hold', () => {
    const large = new AnomalyMap(1024, 1024, Buffer.alloc(4 * 1024 * 1024));
    const began = performance.now();
    for (let i = 0; i < 100; i++) cloneDeep({ large });
    assert.ok(performance.now() - began < 200);
  });

  it('are frozen and say honestly what they are as JSON, never their bytes', () => {
    assert.throws(() => Object.assign(frame, { data: Buffer.alloc(6) }), TypeError);
    assert.throws(() => Object.assign(frame.info, { width: 7 }), TypeError);
    assert.throws(() => Object.assign(frame.info.settings, { exposureUs: 1 }), TypeError);
    assert.throws(() => Object.assign(map, { width: 7 }), TypeError);
    assert.deepEqual(JSON.parse(JSON.stringify(frame)), { ...frame.info });
    assert.equal(frame.info.bytes, 6);
    assert.deepEqual(JSON.parse(JSON.stringify(map)), { width: 2, height: 2, unit: 'model score', bytes: 16 });
  });
});

describe('a frame', () => {
  it('refuses raw bytes that do not fill its size', () => {
    assert.throws(() => new Frame({ ...init, data: Buffer.alloc(5) }), /Expected a Buffer of 6 bytes for frame.data/);
    assert.throws(() => new Frame({ ...init, bitDepth: 16 }), /Buffer of 12 bytes/);
    assert.throws(() => new Frame({ ...init, width: null }), GoodpartError.is);
    assert.throws(() => new Frame({ ...init, data: new Uint8Array(6) as Buffer }), /Expected a Buffer for frame.data/);
  });

  it('recognises what a file claims to be', () => {
    assert.equal(sniffEncoding(Buffer.from([0xff, 0xd8, 0xff, 0xe0])), 'jpeg');
    assert.equal(sniffEncoding(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0])), 'png');
    assert.equal(sniffEncoding(Buffer.alloc(0)), 'unknown');
    assert.equal(sniffEncoding(Buffer.from('<svg/>')), 'unknown');
  });
});

describe('an anomaly map', () => {
  it('gives back the values it was made from, non-finite ones too', () => {
    const values = Float32Array.of(0, -0, 1e-30, 3.4e38, Number.NaN, Number.POSITIVE_INFINITY);
    assert.deepEqual(AnomalyMap.from(3, 2, values).values(), values);
  });

  it('hands out copies, never its own memory', () => {
    const map = AnomalyMap.from(1, 1, Float32Array.of(7));
    map.values()[0] = 9;
    assert.equal(map.values()[0], 7);
  });

  it('refuses a size that does not fit its bytes', () => {
    assert.throws(() => new AnomalyMap(2, 2, Buffer.alloc(15)), /Expected a Buffer of 16 bytes for map.data/);
    assert.throws(() => new AnomalyMap(0, 2, Buffer.alloc(0)), /Expected positive whole numbers for map size/);
    assert.throws(() => new AnomalyMap(1.5, 2, Buffer.alloc(12)), /map size/);
  });
});
