import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatName, parseCaps, withoutPadding } from '../../lib/capture/gstreamer/caps.ts';
import { ExposureClock } from '../../lib/capture/gstreamer/exposure-clock.ts';
import { FrameMaker } from '../../lib/capture/gstreamer/frame-maker.ts';
import { crc16, type GdpBuffer, GdpReader } from '../../lib/capture/gstreamer/gdp.ts';

const none = 0xffff_ffff_ffff_ffffn;

interface Packet {
  type: number;
  payload: Buffer;
  pts?: bigint;
  offset?: bigint;
  length?: number;
  version?: number;
}

function packet({ type, payload, pts = none, offset = none, length = payload.length, version = 1 }: Packet): Buffer {
  const header = Buffer.alloc(62);
  header[0] = version;
  header[2] = 1;
  header.writeUInt16BE(type, 4);
  header.writeUInt32BE(length, 6);
  header.writeBigUInt64BE(pts, 10);
  header.writeBigUInt64BE(none, 18);
  header.writeBigUInt64BE(offset, 26);
  header.writeUInt16BE(crc16(header.subarray(0, 58)), 58);
  return Buffer.concat([header, payload]);
}

const caps = 'video/x-raw, format=(string)RGB, width=(int)4, height=(int)2, framerate=(fraction)25/1';
const capsPacket = packet({ type: 2, payload: Buffer.from(`${caps}\0`) });

function reading(most?: number) {
  const seen: (string | GdpBuffer)[] = [];
  const reader = new GdpReader({ caps: (text) => seen.push(text), buffer: (buffer) => seen.push(buffer) }, most);
  return { reader, seen };
}

describe('the GStreamer data protocol', () => {
  it('is read whatever the chunks, every byte a border of its own included', () => {
    const buffers = fc.array(
      fc.record({
        payload: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
        pts: fc.option(fc.bigInt({ min: 0n, max: none - 1n }), { nil: none }),
        offset: fc.option(fc.bigInt({ min: 0n, max: none - 1n }), { nil: none }),
        event: fc.boolean(),
      }),
      { maxLength: 6 },
    );
    const cuts = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(buffers, cuts, (list, sizes) => {
        const parts = list.flatMap(({ event, ...rest }) => [
          ...(event ? [packet({ type: 17998, payload: Buffer.from('GstEventSegment\0') })] : []),
          packet({ type: 1, ...rest }),
        ]);
        const stream = Buffer.concat([capsPacket, ...parts]);
        const { reader, seen } = reading();
        for (let at = 0, i = 0; at < stream.length; at += sizes[i++ % sizes.length]) {
          reader.push(stream.subarray(at, at + sizes[i % sizes.length]));
        }
        reader.end();
        assert.equal(seen.shift(), caps);
        const orNull = (value: bigint) => (value === none ? null : value);
        assert.deepEqual(
          seen,
          list.map(({ payload, pts, offset }) => ({
            data: payload,
            pts: orNull(pts),
            durationNs: null,
            offset: orNull(offset),
          })),
        );
      }),
      { numRuns: 100 },
    );
    const { reader, seen } = reading();
    for (const byte of Buffer.concat([capsPacket, packet({ type: 1, payload: Buffer.from('ab'), pts: 5n })])) {
      reader.push(Buffer.from([byte]));
    }
    assert.equal(seen.length, 2);
  });

  it('tells a change of format before the pictures that have it', () => {
    const { reader, seen } = reading();
    const other = caps.replace('RGB', 'GRAY8');
    reader.push(Buffer.concat([capsPacket, packet({ type: 1, payload: Buffer.alloc(3) })]));
    reader.push(packet({ type: 2, payload: Buffer.from(`${other}\0`) }));
    assert.deepEqual([seen[0], seen[2]], [caps, other]);
  });

  it('ends with one clear error on nonsense, before any memory is taken for it', () => {
    const damaged = packet({ type: 1, payload: Buffer.alloc(4) });
    damaged[7] ^= 1;
    for (const [bytes, text] of [
      [packet({ type: 1, payload: Buffer.alloc(0), length: 0xffff_ffff }), /a packet of 4294967295 bytes, more than/],
      [packet({ type: 1, payload: Buffer.alloc(0), length: 2001 }), /2001 bytes, more than 2000/],
      [packet({ type: 2, payload: Buffer.alloc(0), length: 64 * 2 ** 20 }), /a packet of 67108864 bytes/],
      [packet({ type: 1, payload: Buffer.alloc(0), version: 2 }), /version 2\.0 instead of 1\.0/],
      [packet({ type: 7, payload: Buffer.alloc(0) }), /a packet of type 7/],
      [damaged, /a damaged header/],
      [Buffer.alloc(62, 'x'), /not a stream of pictures/],
    ] as const) {
      const { reader } = reading(2000);
      reader.push(capsPacket);
      assert.throws(() => reader.push(bytes), text);
    }
    const early = reading();
    assert.throws(() => early.reader.push(packet({ type: 1, payload: Buffer.alloc(1) })), /before its format/);
    const cut = reading();
    cut.reader.push(capsPacket.subarray(0, 40));
    assert.throws(() => cut.reader.end(), /ended within a packet/);
  });

  it('never takes random bytes for a picture', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 62, maxLength: 500 }), (bytes) => {
        const { reader, seen } = reading();
        try {
          reader.push(Buffer.from(bytes));
        } catch {
          // an error is what it should be
        }
        assert.deepEqual(seen, []);
      }),
    );
  });
});

describe('caps', () => {
  it('say how a picture is to be read', () => {
    const format = { encoding: 'raw', width: 4, height: 2, intervalMs: 40 };
    assert.deepEqual(parseCaps(caps), { ...format, channels: 3, bitDepth: 8 });
    assert.deepEqual(parseCaps(caps.replace('RGB', 'GRAY16_LE')), { ...format, channels: 1, bitDepth: 16 });
    assert.deepEqual(parseCaps('image/jpeg, parsed=(boolean)true'), {
      encoding: 'jpeg',
      width: null,
      height: null,
      channels: null,
      bitDepth: null,
      intervalMs: null,
    });
    assert.equal(formatName(parseCaps(caps.replace('RGB', 'GRAY16_LE'))), '4 x 2 grey, 16 bits');
    for (const [text, what] of [
      [caps.replace('RGB', 'NV12'), /video\/x-raw NV12/],
      ['audio/x-raw, format=(string)S16LE', /audio\/x-raw S16LE/],
      ['video/x-h264', /video\/x-h264/],
      [caps.replace('video/x-raw', 'video/x-raw(memory:NVMM)'), /gives video\/x-raw/],
      [caps.replace('width=(int)4', 'width=(int)0'), /gives video\/x-raw RGB/],
      ['', /gives nothing/],
    ] as const) {
      assert.throws(() => parseCaps(text), what);
    }
  });

  it('let rows lose the padding to four bytes, and refuse any other size', () => {
    const format = { ...parseCaps(caps), width: 3, height: 2 };
    const padded = Buffer.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0, 0, 11, 12, 13, 14, 15, 16, 17, 18, 19, 0, 0, 0]);
    assert.deepEqual(
      [...withoutPadding(padded, format)],
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19],
    );
    const tight = Buffer.alloc(18);
    assert.equal(withoutPadding(tight, format), tight);
    assert.throws(() => withoutPadding(Buffer.alloc(20), format), /Expected 18 bytes .* received 20/);
  });
});

describe('frames made of buffers', () => {
  const made = (offsets: (bigint | null)[], bytes = 24) => {
    let lost = 0;
    const clock = new ExposureClock({ stampsAreCaptures: true, delayMs: 5 });
    clock.baseIs(1000);
    const count = (more: number) => {
      lost += more;
    };
    const maker = new FrameMaker({ clock, resumeAfter: 7, lost: count });
    maker.caps(caps);
    const frames = offsets.map((offset, i) =>
      maker.frame(
        { data: Buffer.alloc(bytes), pts: BigInt(i) * 40_000_000n, durationNs: null, offset },
        { arrivedAt: 2000, arrivedUtc: Date.UTC(2026, 0, 1), exposureMs: 10, settings: { gain: 1 } },
      ),
    );
    return { lost, frames };
  };

  it('go on with their numbers, and what is missing in the stream’s own is lost', () => {
    const { lost, frames } = made([5n, 6n, 9n, 10n]);
    assert.deepEqual(
      frames.map((frame) => frame?.number),
      [8, 9, 12, 13],
    );
    assert.equal(lost, 2);
    const expected = { exposedAt: 1000 + 40 - 10 - 5, exposedUtc: '2025-12-31T23:59:59.025Z', settings: { gain: 1 } };
    const { exposedAt, exposedUtc, settings } = frames[1] ?? {};
    assert.deepEqual({ exposedAt, exposedUtc, settings }, expected);
  });

  it('count nothing lost where the stream counts bytes, counts not at all, or begins again', () => {
    assert.equal(made([0n, 24n, 48n]).lost, 0);
    assert.equal(made([null, null, null]).lost, 0);
    assert.equal(made([5n, 6n, 0n, 1n]).lost, 0);
    assert.equal(made([0n, 2_000n]).lost, 0);
  });
});
