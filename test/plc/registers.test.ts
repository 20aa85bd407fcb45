import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderTags } from '../../lib/plc/image.ts';
import { registerMapCsv, tagHelp } from '../../lib/plc/register-map.ts';
import { encodeRegisters, readableRanges, safeF32, thousandths, type WordOrder } from '../../lib/plc/registers.ts';
import { tagTable } from '../../lib/plc/tag-table.ts';
import { repositoryRoot } from '../kit/needs.ts';
import { makeResult, makeSnapshot } from './snapshots.ts';

const snapshot = makeSnapshot(makeResult(5, { partId: 'AB€' }), { rejectedTrigger: 77, rejectedReason: 61 });
const command = { ack: 3, status: 3, rejected: null, missed: 2, registers: new Uint16Array(41).fill(9) };
const values = renderTags({
  snapshot,
  told: [],
  shadowUpTo: 0,
  command,
  heartbeat: 65_535,
  condition: 'alive',
  now: (snapshot.result?.at ?? 0) + 1234,
});

describe('the tag table', () => {
  it('holds every tag of the contract at its address', () => {
    const expected: Record<number, string> = {
      0: 'Status.MapVersion',
      1: 'Status.BootId',
      2: 'Status.Word',
      3: 'Health.Word',
      4: 'Status.Heartbeat',
      5: 'Status.Mode',
      6: 'Status.NotReadyReason',
      7: 'Status.FaultCode',
      8: 'Status.NE107',
      9: 'Status.ActiveRecipe',
      10: 'Status.CommandAck',
      11: 'Status.CommandStatus',
      12: 'Status.Open',
      13: 'Status.AcceptedTrigger',
      14: 'Status.ExposureDoneTrigger',
      15: 'Status.RejectedTrigger',
      16: 'Status.RejectedReason',
      17: 'Status.DeadlineMs',
      18: 'Status.ProofWord',
      20: 'Status.ProofFloat',
      22: 'Result.Sequence',
      23: 'Result.TriggerId',
      24: 'Result.Code',
      25: 'Result.Reason',
      26: 'Result.Accept',
      27: 'Result.SeverityX1000',
      28: 'Result.Severity',
      30: 'Result.Score',
      32: 'Result.WorstRoi',
      33: 'Result.Recipe',
      34: 'Result.DefectClass',
      35: 'Result.Time',
      37: 'Result.TimeMs',
      38: 'Result.Age',
      39: 'Result.CycleMs',
      40: 'Result.InferenceMs',
      41: 'Alarm.Code',
      42: 'Shadow.Code',
      43: 'Shadow.Severity',
      44: 'Result.PartIdLength',
      45: 'Result.PartId',
      77: 'Result.SequenceAgain',
      78: 'Counters.Total',
      80: 'Counters.Pass',
      82: 'Counters.Warn',
      84: 'Counters.Fail',
      86: 'Counters.Invalid',
      88: 'Counters.Missed',
      90: 'Counters.EvidenceLost',
      92: 'Counters.ResultsOverrun',
      100: 'Roi.Code',
      101: 'Roi.Severity',
      102: 'Roi.Score',
      200: 'Command.TriggerId',
      201: 'Command.ExpectedRecipe',
      202: 'Command.ResultAck',
      203: 'Command.Code',
      204: 'Command.Arg',
      205: 'Command.PlcHeartbeat',
      206: 'Command.DispositionTrigger',
      207: 'Command.DispositionCode',
      208: 'Command.PartIdLength',
      209: 'Command.PartId',
      300: 'Ring.Sequence',
      301: 'Ring.TriggerId',
      302: 'Ring.Code',
      303: 'Ring.Reason',
      304: 'Ring.Severity',
    };
    assert.deepEqual(Object.fromEntries(tagTable.map((tag) => [tag.address, tag.name])), expected);
  });

  it('never lets two tags share a register, and leaves none of the readable ones outside but 94..99', () => {
    const used = new Set<number>();
    const width = { u16: 1, bits: 1, x1000: 1, u32: 2, f32: 2, text: 32 };
    for (const tag of tagTable) {
      for (let n = 0; n < tag.count * width[tag.type]; n++) {
        const at = tag.address + Math.floor(n / width[tag.type]) * tag.stride + (n % width[tag.type]);
        assert.ok(!used.has(at), `${tag.name} overlaps at ${at}`);
        used.add(at);
      }
    }
    const free: number[] = [];
    for (const [from, to] of readableRanges) for (let at = from; at <= to; at++) if (!used.has(at)) free.push(at);
    assert.deepEqual(free, [94, 95, 96, 97, 98, 99]);
  });
});

describe('the registers', () => {
  const registers = encodeRegisters(values);

  it('carry status bits, text, counters, regions, ring and command block where the contract says', () => {
    assert.equal(registers[2], 0b1000_0010_1000_1101);
    assert.equal(registers[4], 65_535);
    assert.deepEqual([registers[10], registers[11]], [3, 3]);
    assert.deepEqual([registers[15], registers[16]], [77, 61]);
    assert.equal(registers[38], 123);
    assert.equal(registers[44], 5);
    assert.deepEqual([...registers.subarray(45, 49)], [0x4142, 0xe282, 0xac00, 0]);
    assert.equal(registers[79], 3);
    assert.equal(registers[89], 2);
    assert.deepEqual([...registers.subarray(104, 108)], [1, 250, 0x4060, 0]);
    assert.deepEqual([...registers.subarray(100, 104)], [0, 65_535, 0xbf80, 0]);
    assert.equal(registers[200], 9);
    assert.deepEqual([...registers.subarray(300, 310)], [5, 4005, 1, 0, 250, 0, 0, 0, 0, 65_535]);
  });

  it('follow the chosen word and text order', () => {
    const proof: Record<WordOrder, number[]> = {
      ABCD: [0x1234, 0x5678, 0x3f80, 0x0000],
      CDAB: [0x5678, 0x1234, 0x0000, 0x3f80],
      BADC: [0x3412, 0x7856, 0x803f, 0x0000],
      DCBA: [0x7856, 0x3412, 0x0000, 0x803f],
    };
    for (const [order, words] of Object.entries(proof)) {
      assert.deepEqual([...encodeRegisters(values, order as WordOrder).subarray(18, 22)], words, order);
    }
    assert.equal(encodeRegisters(values, 'ABCD', 'low')[45], 0x4241);
  });

  it('saturate severities below the mark for "not valid"', () => {
    assert.deepEqual([1, 65.534, 65.535, 1e9, -0.2].map(thousandths), [1000, 65_534, 65_534, 65_534, 0]);
    assert.deepEqual([null, Number.NaN, Infinity].map(thousandths), [65_535, 65_535, 65_535]);
    assert.deepEqual([null, Number.NaN, Infinity, 1e39, 0.5].map(safeF32), [-1, -1, -1, -1, 0.5]);
  });
});

describe('the generated register map', () => {
  it('is the one in examples/plc (after a change: node dist/lib/plc/write-plc-files.js)', () => {
    assert.equal(readFileSync(join(repositoryRoot, 'examples/plc/register-map.csv'), 'utf8'), registerMapCsv(0));
  });

  it('moves with the slot and carries the rule of the PLC', () => {
    assert.match(registerMapCsv(2), /^2022,2022,402023,302023,Result\.Sequence,u16,/m);
    assert.match(registerMapCsv(0), /Every tracked slot starts as REJECT/);
    assert.match(tagHelp(), /\| 24 \| Result\.Code \| u16 \| UInt16 \| r \|/);
    assert.match(tagHelp(), /\| 34 \| The station stopped answering/);
  });
});
