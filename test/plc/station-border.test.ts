import assert from 'node:assert/strict';
import { join } from 'node:path';
import { AnomalyMap } from '../../lib/core/anomaly-map.ts';
import type { Roi } from '../../lib/core/inspection.ts';
import { reason } from '../../lib/core/reasons.ts';
import { encodeRegisters } from '../../lib/plc/registers.ts';
import { StationState } from '../../lib/plc/station-state.ts';
import { wholeFrame } from '../../lib/rules/polygon.ts';
import type { StationOptions } from '../../lib/station/options.ts';
import { accept, dir, frame, inspect, MemoryDisk, openRig, type Rig, request, score } from '../station/kit.ts';

/** What a PLC reads of a real station: its snapshots as the PLC process renders them. */
async function served(options: Partial<StationOptions> = {}, disk = new MemoryDisk()) {
  const rig = await openRig(options, { disk });
  const state = new StationState(rig.station.snapshot());
  rig.station.on('snapshot', (snapshot) => state.apply(snapshot));
  const render = () => state.render({ heartbeat: 1, condition: 'alive', now: rig.time.clock.mono() });
  const registers = () => {
    state.apply(rig.station.snapshot());
    return encodeRegisters(render());
  };
  const quality = () => render().quality;
  const bits = (word: number) => [...Array(16).keys()].filter((bit) => (word >> bit) & 1);
  /** Status bits but for the heartbeat's toggle. */
  const status = () => bits(registers()[2]).filter((bit) => bit !== 15);
  const health = () => bits(registers()[3]).filter((bit) => bit !== 3);
  return { rig, state, registers, status, health, quality };
}

/** The state file of a station that has told `lastSequence` before an orderly end. */
async function diskAfter(lastSequence: number): Promise<MemoryDisk> {
  const { station, disk } = await openRig();
  await station.close();
  for (const name of ['state.json', 'state-copy.json']) {
    const path = join(dir, name);
    const state: Record<string, unknown> = JSON.parse(disk.files.get(path) ?? '');
    const numbers = { lastSequence, reservedThrough: lastSequence, lastPublished: lastSequence };
    disk.files.set(path, JSON.stringify({ ...state, ...numbers }));
  }
  return disk;
}

function f32(registers: Uint16Array, at: number): number {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt16BE(registers[at], 0);
  bytes.writeUInt16BE(registers[at + 1], 2);
  return bytes.readFloatBE();
}

function judge(rig: Rig, id: string, rois: Roi[], values: Float32Array, width: number): void {
  rig.station.addFrame(id, 'main', frame(rig.time), 'cam');
  const map = AnomalyMap.from(width, values.length / width, values);
  rig.station.addScore(id, 'main', score(Math.max(...values), { map }));
  rig.station.judgeView(id, 'main', { final: true, rois, overrideBy: 'test' });
}

const whole: Omit<Roi, 'index' | 'name'> = {
  ...{ mode: 'inspect', polygon: wholeFrame, measure: 'maximum', areaAbove: null },
  ...{ median: 0, warn: 1, fail: 2 },
};

describe('what a PLC reads of a real station', () => {
  it('after an orderly restart: Code 0, not valid, Sequence as it was, then one more, over the wrap past 0', async () => {
    const { rig, registers, status, quality } = await served({}, await diskAfter(65_534));
    let r = registers();
    assert.deepEqual([r[22], r[77], r[24], quality()], [65_534, 65_534, 0, 'waiting']);
    assert.deepEqual(status(), [0, 9]);
    for (const sequence of [65_535, 1, 2]) {
      inspect(rig, accept(rig), 0);
      r = registers();
      assert.deepEqual([r[22], r[77], r[24], r[300]], [sequence, sequence, 1, sequence]);
    }
    assert.deepEqual([r[305], r[310], r[315]], [1, 65_535, 0]);
    assert.equal(rig.closed.at(-1)?.sequence, 65_537, 'the record holds it whole');
    assert.deepEqual(status(), [0, 2, 3, 7, 9, 10]);
  });

  it('numbers that do not fit saturate, and a part id of 64 bytes in any script comes whole', async () => {
    const { rig, registers } = await served({ deadlineMs: 600_000 });
    const partId = `${'Ä漢x'.repeat(10)}end.`;
    const id = accept(rig, { partId, triggerId: 65_535 });
    rig.time.pass(70_000);
    inspect(rig, id, 1e9);
    const r = registers();
    assert.deepEqual([r[17], r[39], r[40], r[27], r[23]], [65_535, 65_535, 6, 65_534, 65_535]);
    assert.deepEqual([f32(r, 28), f32(r, 30)], [5e8, 1e9]);
    const bytes = Buffer.alloc(64);
    for (let i = 0; i < 32; i++) bytes.writeUInt16BE(r[45 + i], 2 * i);
    assert.equal(r[44], 64);
    assert.equal(bytes.toString('utf8', 0, r[44]), partId);
    assert.equal(r[35] * 65_536 + r[36], Math.floor(Date.parse(rig.time.clock.utc()) / 1000));
  });

  it('names the worst of sixteen regions and gives each its own row', async () => {
    const { rig, registers } = await served();
    const rois = Array.from({ length: 16 }, (_, i): Roi => {
      const left = i / 16;
      const right = (i + 1) / 16;
      return { ...whole, index: i + 1, name: `r${i + 1}`, polygon: wholeFrame.map(([x, y]) => [x ? right : left, y]) };
    });
    const values = Float32Array.from({ length: 16 }, (_, i) => (i === 4 ? 1.5 : i === 11 ? 3 : 0.5));
    judge(rig, accept(rig), rois, values, 16);
    const r = registers();
    assert.deepEqual([r[24], r[25], r[32], r[27]], [3, 2, 12, 1500]);
    for (let i = 0; i < 16; i++) {
      const [code, value] = i === 4 ? [2, 1.5] : i === 11 ? [3, 3] : [1, 0.5];
      assert.deepEqual([r[100 + 4 * i], r[101 + 4 * i], f32(r, 102 + 4 * i)], [code, value * 500, value], `${i + 1}`);
    }
    rig.station.invalidate(accept(rig), reason('cameraLost'));
    const after = registers();
    assert.deepEqual([after[24], after[25], after[32], after[27], f32(after, 28)], [4, 21, 0, 65_535, -1]);
    assert.ok(after.subarray(100, 164).every((word, i) => word === [0, 65_535, 0xbf80, 0][i % 4]));
  });

  it('a fail limit at or below the median is invalid, never a severity', async () => {
    const { rig, registers } = await served();
    const rois = [{ ...whole, index: 1, name: 'part', median: 2 }];
    judge(rig, accept(rig), rois, Float32Array.of(0, 0, 0, 0), 2);
    assert.deepEqual([...registers().subarray(24, 28)], [4, 28, 0, 65_535]);
  });

  it('camera lost: fault and not ready beside the last result; with a trigger open its own invalid', async () => {
    const { rig, registers, status, health, quality } = await served();
    inspect(rig, accept(rig), 0);
    const id = accept(rig, { triggerId: 9 });
    rig.station.setHealth('cam', 'camera', false, 110, 'no answer');
    let r = registers();
    assert.deepEqual([r[6], r[7], r[8], r[12], r[24]], [66, 110, 1, 1, 1]);
    assert.deepEqual([status(), health(), quality()], [[1, 2, 3, 7, 8, 9], [1, 2, 5], 'good']);
    rig.station.failView(id, 'main', reason('cameraLost'));
    r = registers();
    assert.deepEqual([r[22], r[23], r[24], r[25], r[12]], [2, 9, 4, 21, 0]);
    assert.deepEqual([status(), quality()], [[2, 6, 8, 9, 10], 'deviceFailure']);
  });

  it('shadow, alarm, refusals and what is awaited each in their place', async () => {
    const { rig, registers, status, health } = await served({ maxOpen: 1 });
    rig.station.setHealth('m', 'engine', false, 0, 'loading');
    assert.deepEqual([registers()[6], registers()[7], status()], [67, 0, [9]]);
    rig.station.accept(request(rig.time, { triggerId: 77 }));
    rig.station.setHealth('m', 'engine', true, 0, '');
    let r = registers();
    assert.deepEqual([r[15], r[16], r[88] * 65_536 + r[89]], [77, 67, 1]);
    rig.station.setMode('shadow', 'anna', '');
    inspect(rig, accept(rig, { triggerId: 5 }), 3);
    r = registers();
    assert.deepEqual([r[5], r[8], r[13], r[14], r[22], r[24], r[26], r[42], r[43]], [2, 2, 5, 5, 1, 0, 0, 3, 1500]);
    assert.deepEqual([status(), health().includes(8), r[300]], [[0, 9, 10], true, 0]);
    rig.station.setMode('run', 'anna', '');
    rig.station.latchAlarm(3, 'three of five');
    assert.deepEqual([registers()[41], registers()[42], status()], [3, 0, [0, 9, 10, 13, 14]]);
    rig.station.setMode('offline', 'anna', '');
    assert.deepEqual([registers()[6], status()], [60, [10, 13, 14]]);
  });
});
