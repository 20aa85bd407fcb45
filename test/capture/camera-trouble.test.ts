import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Camera } from '../../lib/capture/camera.ts';
import { systemClock } from '../../lib/core/clock.ts';
import { GoodpartError } from '../../lib/core/errors.ts';
import { hasCommand, needs } from '../kit/needs.ts';
import { isAlive } from '../kit/processes.ts';
import { until } from '../kit/until.ts';

/** Real processes: a camera's child with a fake source, whose tool ignores SIGTERM. */
describe('a camera in trouble', () => {
  let camera: Camera;
  const tools = new Set<number>();
  const start = async (trouble: string) => {
    camera = new Camera({
      name: 'top',
      source: { kind: 'folder', path: `/${trouble}` },
      child: {
        module: join(__dirname, 'fake-camera-child.js'),
        hungMs: 1_000,
        backoff: { minMs: 50, maxMs: 200, resetAfterMs: 60_000 },
      },
    });
    await camera.start();
    return shoot();
  };
  /** One picture; answers the tool that took it. */
  const shoot = async () => {
    const { info } = await camera.capture({ after: systemClock.mono(), timeoutMs: 10_000 });
    const tool = Number(info.settings.tool);
    assert.ok(isAlive(tool));
    tools.add(tool);
    return { tool, info };
  };
  const recovered = () => until('it takes pictures again', () => shoot(), { timeoutMs: 20_000 });
  beforeEach(function () {
    needs(this, 'setpriv (util-linux)', hasCommand('setpriv'));
  });
  afterEach(async () => {
    await camera.stop();
    const left = () => [...tools].filter(isAlive);
    // a source that does not let go is killed with its tool: that takes the kernel a moment
    await until('no tool outlives its camera', () => left().length === 0).finally(() => {
      for (const pid of left()) process.kill(pid, 'SIGKILL');
      tools.clear();
    });
  });

  it('whose source stalls is closed with its tool, says why without the password, and comes back', async () => {
    const { tool, info } = await start('stalls');
    const states: string[] = [];
    camera.on('state', ({ text }: { text: string }) => states.push(text));
    const answer = camera.capture({ after: systemClock.mono() + 60_000, timeoutMs: 90_000 });
    await assert.rejects(answer, (error) => {
      assert.ok(GoodpartError.is(error));
      assert.equal(error.reason, 'cameraLost');
      assert.match(error.message, /no picture any more for .* \(rtsp:\/\/\*\*\*@cam refused\)/);
      return true;
    });
    const again = await recovered();
    assert.equal(isAlive(tool), false);
    assert.equal(camera.counters().stalls, 1);
    assert.equal(camera.counters().restarts, 0, 'the child was no part of the trouble');
    assert.equal(again.info.counter?.opening, (info.counter?.opening ?? 0) + 1);
    assert.ok(again.info.number > info.number);
    assert.doesNotMatch(`${states.join()}${JSON.stringify(await camera.describe())}`, /s3cr3t|anna/);
  });

  it('whose source does not let go loses its process and its tool, and comes back in a new one', async () => {
    const { tool, info } = await start('clings');
    const { pid } = camera.childStats();
    await until('a new process', () => (camera.childStats().pid ?? pid) !== pid, { timeoutMs: 30_000 });
    const again = await recovered();
    await until('its tool is gone', () => !isAlive(tool));
    assert.equal(camera.counters().restarts, 1);
    assert.notEqual(again.info.counter?.opening, info.counter?.opening);
  });

  for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
    it(`whose process is hit by ${signal} loses its tool and comes back`, async () => {
      const { tool, info } = await start('');
      const pid = camera.childStats().pid ?? 0;
      process.kill(pid, signal);
      await until('a new process', () => camera.childStats().starts === 2, { timeoutMs: 20_000 });
      await until('its tool is gone', () => !isAlive(tool));
      assert.equal(isAlive(pid), false);
      const again = await recovered();
      assert.ok(again.info.number > info.number);
      assert.notEqual(again.info.counter?.opening, info.counter?.opening);
    });
  }

  it('that floods its error output costs nothing, and shows no password', async () => {
    await start('floods');
    const { stderr } = await until('the end of the flood', () => {
      const stats = camera.childStats();
      return stats.stderr.some((line) => line.startsWith('4999 ')) ? stats : null;
    });
    assert.ok(stderr.length <= 101 && stderr.every((line) => line.length <= 500));
    assert.doesNotMatch(stderr.join(), /s3cr3t|anna/);
    assert.match(stderr[0], /rtsp:\/\/\*\*\*@cam/);
  });
});
