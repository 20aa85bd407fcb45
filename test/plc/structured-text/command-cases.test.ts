import assert from 'node:assert/strict';
import { StationBench } from './station-bench.ts';

const answers = ({ out }: StationBench) => [
  out.commandBusy,
  ...(['commandDone', 'commandRefused', 'commandFailed'] as const).filter((name) => out[name]),
];

describe('FB_GoodpartStation: commands, dispositions, heartbeat', () => {
  for (const [status, word] of [
    [2, 'commandDone'],
    [3, 'commandRefused'],
    [4, 'commandFailed'],
  ] as const) {
    it(`waits for the answer to a slow command: ${word}`, () => {
      const bench = new StationBench().settle();
      bench.cycle({ commandStart: true, commandCode: 3, commandArg: 12 });
      assert.deepEqual([bench.written.code, bench.written.arg], [3, 12]);
      bench.station.command = { ack: 3, status: 1 };
      bench.run(2000);
      assert.deepEqual(answers(bench), [true]);
      bench.station.command = { ack: 3, status };
      bench.cycle();
      assert.deepEqual(answers(bench), [true, word]);
      assert.equal(bench.written.code, 0);
      bench.station.command = { ack: 0, status: 0 };
      bench.cycle();
      assert.deepEqual(answers(bench), [false, word]);
      assert.deepEqual(bench.faults(), []);
    });
  }

  it('sends a command only when the one before is over', () => {
    const bench = new StationBench().settle();
    bench.station.command = { ack: 1, status: 2 };
    bench.cycle({ commandStart: true, commandCode: 1 });
    bench.run(100);
    assert.deepEqual([bench.written.code, ...answers(bench)], [0, true]);
    bench.cycle({ commandStart: true, commandCode: 2 });
    bench.station.command = { ack: 0, status: 0 };
    bench.cycle();
    assert.equal(bench.written.code, 1);
  });

  it('fails a command that is not answered, not taken back, or not sent', () => {
    const bench = new StationBench().settle();
    bench.inputs = { commandLimitMs: 1500 };
    bench.cycle({ commandStart: true, commandCode: 4 });
    bench.run(1600);
    assert.deepEqual([...answers(bench), ...bench.faults()], [false, 'commandFailed', 'commandNoAnswer']);
    bench.cycle({ commandStart: true, commandCode: 0 });
    assert.deepEqual(answers(bench), [false, 'commandFailed']);
    bench.cycle({ faultReset: true });
    bench.cycle({ commandStart: true, commandCode: 4 });
    bench.station.command = { ack: 4, status: 2 };
    bench.run(1200);
    assert.deepEqual([...answers(bench), ...bench.faults()], [false, 'commandDone', 'commandNoAnswer']);
    bench.cycle({ commandStart: true, commandCode: 5 });
    bench.run(1600);
    assert.deepEqual(answers(bench), [false, 'commandFailed']);
  });

  it('fails the command in progress when the link goes', () => {
    const bench = new StationBench().settle();
    bench.cycle({ commandStart: true, commandCode: 4 });
    bench.cycle({ linkOk: false });
    assert.deepEqual([bench.out.command.code, ...answers(bench)], [0, false, 'commandFailed']);
    bench.cycle({ linkOk: false, commandStart: true, commandCode: 4 });
    assert.deepEqual(answers(bench), [false, 'commandFailed']);
  });

  it('lets a disposition stand until it is written', () => {
    const bench = new StationBench().settle();
    bench.writes = false;
    bench.cycle({ dispositionTrigger: 5, dispositionCode: 2 });
    bench.run(1000);
    assert.equal(bench.out.dispositionReady, false);
    bench.cycle({ dispositionTrigger: 6, dispositionCode: 1 });
    assert.deepEqual(bench.faults(), ['dispositionLost']);
    assert.equal(bench.out.command.dispositionTrigger, 5);
    bench.writes = true;
    bench.run(20);
    assert.equal(bench.out.dispositionReady, true);
    bench.cycle({ dispositionTrigger: 7, dispositionCode: 1 });
    assert.deepEqual([bench.written.dispositionTrigger, bench.written.dispositionCode], [7, 1]);
  });

  it('lets a disposition stand as long as the parameter says, for a station that reads it by itself', () => {
    const bench = new StationBench().settle();
    bench.inputs = { dispositionHoldMs: 400 };
    bench.cycle({ dispositionTrigger: 5, dispositionCode: 2 });
    bench.run(380);
    assert.equal(bench.out.dispositionReady, false);
    bench.run(30);
    assert.equal(bench.out.dispositionReady, true);
  });

  it('counts the PLC’s heartbeat, also while the link is down', () => {
    const bench = new StationBench();
    const before = bench.out.command.plcHeartbeat;
    bench.run(5000, { linkOk: false });
    assert.equal(bench.out.command.plcHeartbeat - before, 10);
  });

  it('changes CommandVersion with every change, past 65535', () => {
    const bench = new StationBench().settle();
    bench.writes = false;
    const before = bench.out.commandVersion;
    bench.cycle();
    const { plcHeartbeat } = bench.out.command;
    bench.run(400);
    if (bench.out.command.plcHeartbeat === plcHeartbeat) assert.equal(bench.out.commandVersion, before);
    bench.run(600);
    assert.notEqual(bench.out.commandVersion, before);
  });
});
