import assert from 'node:assert/strict';
import { frameDigest } from '../../lib/capture/frame-digest.ts';
import { Watchdog, type WatchOptions } from '../../lib/capture/watchdog.ts';

const openedAt = 10_000;
const period = 40;

/** A watchdog and a camera of 25 frames a second, whose device clock began at 0 when it was opened. */
function line(o: Partial<WatchOptions> = {}) {
  const settings = { periodMs: period, ...o.settings };
  const dog = new Watchdog({ delivery: 'flow', openedAt, maxAgeMs: null, ...o, settings });
  let digest = 0;
  const frame = (deviceAt: number, lateness = 5, more: object = {}) => {
    digest += 1;
    const exposedAt = openedAt + deviceAt;
    return dog.frame({ arrivedAt: openedAt + deviceAt + lateness, exposedAt, deviceAt, digest, ...more });
  };
  /** Good frames from one device instant to another; answers what was usable. */
  const stream = (from: number, to: number, lateness: (at: number) => number = () => 5) => {
    const said = [];
    for (let at = from; at < to; at += period) said.push({ at, ...frame(at, lateness(at)) });
    return said;
  };
  return { dog, frame, stream };
}

const at = (ms: number) => openedAt + ms;

describe('the watchdog on frames', () => {
  it('tells a stall after its time: from the rate, from the settings, or never', () => {
    const rows: [string, Partial<WatchOptions>, number | null][] = [
      ['25 frames a second', {}, 2_000],
      ['one each 2 s', { settings: { periodMs: 2_000 } }, 10_000],
      ['as configured', { settings: { stallMs: 700 } }, 700],
      ['silence is no fault', { settings: { stallMs: null } }, null],
      ['a line, whose parts come when they come', { delivery: 'line' }, null],
    ];
    for (const [what, options, expected] of rows) {
      const { dog, frame } = line(options);
      frame(0, 0);
      let fault: number | null = null;
      for (let ms = 100; ms <= 30_000 && fault === null; ms += 100) {
        const said = dog.check(at(ms));
        if (said === null) continue;
        fault = ms;
        assert.equal(said.kind, 'stall');
        assert.match(said.text, /no picture any more/);
      }
      assert.equal(fault, expected, what);
    }
  });

  it('gives a cold start its time, and learns the rate where nobody tells it', () => {
    const { dog } = line();
    for (let ms = 500; ms < 10_000; ms += 500) assert.equal(dog.check(at(ms)), null, `${ms} ms`);
    assert.match(dog.check(at(10_000))?.text ?? '', /no picture since it was opened/);
    const learning = line({ settings: { periodMs: null } });
    assert.equal(learning.dog.stallMs, 5_000);
    for (let i = 0; i < 9; i++) learning.frame(i * 1_000);
    assert.equal(learning.dog.stallMs, 5_000);
    for (const [interval, stall] of [
      [40, 2_000],
      [3_000, 15_000],
    ]) {
      const other = line({ settings: { periodMs: null } });
      for (let i = 0; i < 9; i++) other.frame(i * interval);
      assert.equal(other.dog.stallMs, stall);
    }
  });

  it('does not blame the camera for a pause of its own process', () => {
    const { dog, frame } = line();
    frame(0, 0);
    assert.equal(dog.check(at(250)), null);
    assert.equal(dog.check(at(60_000)), null);
    assert.equal(dog.check(at(60_250)), null);
    assert.equal(dog.check(at(61_000))?.kind, 'stall');
  });

  it('drops the burst of late frames after a stall, until they are live again', () => {
    const { frame, stream } = line();
    stream(0, 2_000);
    // 15 s of silence, then everything in 36 frames a second where 25 are due
    const late: boolean[] = [];
    let arrived = 17_000;
    for (let device = 2_000; arrived - device > 400; device += period) {
      arrived += 28;
      late.push(frame(device, arrived - device).usable);
    }
    assert.ok(late.length > 100 && late.every((usable) => !usable));
    const live = Math.ceil(arrived / period) * period;
    assert.ok(stream(live, live + 1_000).every(({ usable, fault }) => usable && fault?.kind !== 'late'));
  });

  it('takes a backlog that stays for a fault', () => {
    const { stream } = line();
    stream(0, 2_000);
    const said = stream(2_000, 8_000, () => 3_000);
    assert.ok(said.every(({ usable }) => !usable));
    const first = said.find(({ fault }) => fault !== null);
    assert.equal(first?.fault?.kind, 'late');
    assert.ok((first?.at ?? 0) >= 5_000 && (first?.at ?? 0) < 5_100, `at ${first?.at}`);
  });

  it('trusts no frame after opening while a buffer is being emptied', () => {
    const { frame, stream } = line();
    // 2 s of buffered frames come within 400 ms
    const buffered = Array.from({ length: 50 }, (_, i) => frame(i * period, 2_000 - i * 32).usable);
    assert.ok(buffered.every((usable) => !usable));
    assert.ok(stream(2_400, 4_000).at(-1)?.usable);
  });

  it('lets two clocks drift apart by 100 ppm for a day, either way', () => {
    for (const ppm of [-100, 100]) {
      const { frame } = line({ settings: { periodMs: 1_000 } });
      for (let s = 0; s < 86_400; s += 20) {
        const { usable, fault } = frame(s * 1_000, 5 + s * 1_000 * ppm * 1e-6);
        assert.ok(usable || s === 0, `after ${s} s at ${ppm} ppm`);
        assert.equal(fault, null);
      }
    }
  });

  it('knows late frames by their exposure where the device tells no time', () => {
    const { frame } = line();
    const without = { deviceAt: undefined };
    assert.equal(frame(0, 5, without).usable, true);
    assert.equal(frame(40, 5, without).usable, true);
    assert.equal(frame(80, 3_000, without).usable, false);
    assert.equal(frame(3_200, 5, without).usable, true);
  });

  it('starts anew when the device’s clock does', () => {
    const { dog, stream } = line();
    stream(100_000, 102_000);
    const said = [];
    for (let i = 0; i < 50; i++) {
      const arrivedAt = at(102_000 + i * period);
      said.push(dog.frame({ arrivedAt, exposedAt: arrivedAt, deviceAt: i * period, digest: -i }).usable);
    }
    assert.ok(said.slice(0, 5).every((usable) => !usable));
    assert.ok(said.slice(10).every((usable) => usable));
  });

  it('drops frames over the greatest age, whatever the others are', () => {
    const { stream } = line({ maxAgeMs: 100 });
    assert.ok(stream(0, 2_000, () => 120).every(({ usable }) => !usable));
    const within = line({ maxAgeMs: 100 });
    assert.ok(within.stream(0, 2_000, () => 80).at(-1)?.usable);
  });

  it('takes more frames than the camera can take for a fault', () => {
    const { dog, stream } = line();
    stream(0, 2_000);
    let fault = null;
    for (let i = 0; i < 400 && fault === null; i++) {
      const arrivedAt = at(2_000 + i * 15);
      fault = dog.frame({ arrivedAt, exposedAt: arrivedAt, deviceAt: 2_000 + i * 15, digest: -i }).fault;
    }
    assert.equal(fault?.kind, 'rate');
    const jittery = line();
    const said = jittery.stream(0, 20_000, (device) => (device % 400) / 4);
    assert.ok(said.every((one) => one.fault === null));
  });

  it('takes the same picture again and again for frozen, unless it may repeat', () => {
    const rows: [string, Partial<WatchOptions>, number | null][] = [
      ['25 frames a second', {}, 2_000],
      ['one a second: eight of them', { settings: { periodMs: 1_000 } }, 7_000],
      ['longer by the settings', { settings: { frozenMs: 10_000 } }, 10_000],
      ['may repeat', { settings: { frozenMs: null } }, null],
      ['a line, where two files may be the same', { delivery: 'line' }, null],
    ];
    for (const [what, options, expected] of rows) {
      const { dog } = line(options);
      const step = options.settings?.periodMs ?? period;
      let fault: number | null = null;
      for (let ms = 0; ms < 20_000 && fault === null; ms += step) {
        const said = dog.frame({ arrivedAt: at(ms), exposedAt: at(ms), deviceAt: ms, digest: 7 }).fault;
        if (said === null) continue;
        fault = ms;
        assert.equal(said.kind, 'frozen');
      }
      assert.equal(fault, expected, what);
    }
  });

  it('is not fooled by one frame that differs', () => {
    const { dog } = line();
    for (let ms = 0; ms < 20_000; ms += period) {
      const digest = ms % 1_600 === 0 ? ms : 7;
      assert.equal(dog.frame({ arrivedAt: at(ms), exposedAt: at(ms), deviceAt: ms, digest }).fault, null);
    }
  });
});

describe('the digest of a frame', () => {
  it('is the same for the same bytes, and another for noise, length or a moved part', () => {
    const noise = (seed: number, bytes = 1_000_000) => {
      const data = Buffer.alloc(bytes);
      let state = seed;
      for (let i = 0; i < bytes; i++) {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        data[i] = 128 + (state >>> 30);
      }
      return data;
    };
    assert.equal(frameDigest(noise(1)), frameDigest(noise(1)));
    assert.notEqual(frameDigest(noise(1)), frameDigest(noise(2)));
    assert.notEqual(frameDigest(Buffer.alloc(100)), frameDigest(Buffer.alloc(101)));
    assert.notEqual(frameDigest(Buffer.alloc(100)), frameDigest(Buffer.alloc(100, 1)));
    const moved = Buffer.alloc(1_000_000);
    moved.fill(9, 500_000, 520_000);
    assert.notEqual(frameDigest(Buffer.alloc(1_000_000)), frameDigest(moved));
    assert.equal(typeof frameDigest(Buffer.alloc(0)), 'number');
  });
});
