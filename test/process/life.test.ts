import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { GoodpartError } from '../../lib/core/errors.ts';
import type { ChildState } from '../../lib/process/child-options.ts';
import { steppingBack } from '../../lib/process/stepping-back.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';
import { bear, buryAll, lives } from './family.ts';

describe('the life of a supervised child', () => {
  afterEach(buryAll);

  it('goes on after SIGKILL, with growing pauses', async () => {
    const child = bear();
    const states: ChildState[] = [];
    const pauses: number[] = [];
    let waitingSince = 0;
    child.on('state', (state: ChildState) => {
      states.push(state);
      if (state === 'waiting') waitingSince = performance.now();
      if (state === 'starting' && waitingSince > 0) pauses.push(performance.now() - waitingSince);
    });
    await child.start();
    for (let failures = 1; failures <= 4; failures++) {
      process.kill(child.stats().pid!, 'SIGKILL');
      await until('it runs again', () => child.state === 'running' && child.stats().failures === failures);
    }
    assert.deepEqual(states.slice(0, 5), ['starting', 'running', 'waiting', 'starting', 'running']);
    // 20 ms doubled three times, less a fifth of jitter, are 128; a busy machine only lengthens them
    assert.ok(pauses[3] > 120, `pauses ${pauses.map(Math.round)} ms`);
    assert.match(child.stats().lastError ?? '', /SIGKILL/);
  });

  it('has stepped back before its first instruction, however late its parent goes on', () => {
    // without arguments nice says what it was started with
    const [command, ...args] = steppingBack(['nice'], 7);
    assert.equal(Number(execFileSync(command, args, { encoding: 'utf8' })), getPriority() + 7);
    assert.deepEqual(steppingBack(['nice'], 0), ['nice']);
  });

  it('steps back with all its threads, again after a restart', async () => {
    const child = bear('', { niceness: 7 });
    await child.start();
    for (let starts = 1; starts <= 2; starts++) {
      await until('it runs', () => child.state === 'running' && child.stats().starts === starts);
      const pid = child.stats().pid ?? 0;
      const threads = readdirSync(`/proc/${pid}/task`).map((thread) => {
        const text = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
        return Number(text.slice(text.lastIndexOf(')')).split(' ')[17]);
      });
      assert.ok(threads.length > 1 && threads.every((nice) => nice === getPriority() + 7), `${threads}`);
      process.kill(pid, 'SIGKILL');
    }
  });

  it('is taken for hung when stopped by a signal, although nobody asks it anything', async () => {
    const child = bear('', { hungMs: 300 });
    await child.start();
    process.kill(child.stats().pid!, 'SIGSTOP');
    await until('the next one runs', () => child.state === 'running' && child.stats().starts === 2);
    assert.match(child.stats().lastError ?? '', /no sign of life for 300 ms/);
  });

  it('is taken for hung when it loops, and not before that', async () => {
    const child = bear('busy-later', { hungMs: 400 });
    await child.start();
    assert.equal(child.state, 'running');
    await until('it was killed', () => child.stats().failures > 0);
    assert.match(child.stats().lastError ?? '', /no sign of life/);
  });

  it('is not blamed when its parent was blocked itself', async () => {
    const child = bear('', { hungMs: 200 });
    await child.start();
    const end = performance.now() + 600;
    while (performance.now() < end);
    for (let i = 0; i < 5; i++) await child.request('echo', i);
    assert.equal(child.stats().failures, 0);
  });

  it('survives Ctrl-C, SIGTERM and a closed terminal: only its parent ends it', async () => {
    const child = bear();
    await child.start();
    assert.equal((await child.request('signals', null)).body, 'still here');
  });

  it('stops in order when asked', async () => {
    const file = join(tempDir('life'), 'words');
    const child = bear('', { args: ['', file] });
    await child.start();
    const pid = child.stats().pid!;
    await child.stop();
    assert.equal(child.state, 'stopped');
    assert.equal(lives(pid), false);
    assert.equal(readFileSync(file, 'utf8'), 'stopped\n');
    assert.equal(child.stats().failures, 0);
    await assert.rejects(child.request('echo', 1), { code: 'GP_CHILD_STOPPED' });
    assert.equal(child.tell('note', null), false);
  });

  it('gets SIGKILL when it ignores the stop, and when it cannot even hear it', async () => {
    for (const deafen of [false, true]) {
      const child = bear('ignore-stop', { stopMs: 200, hungMs: 0 });
      await child.start();
      const pid = child.stats().pid!;
      if (deafen) process.kill(pid, 'SIGSTOP');
      const began = performance.now();
      await child.stop();
      assert.ok(performance.now() - began >= 190);
      assert.equal(lives(pid), false);
      assert.equal(child.state, 'stopped');
    }
  });

  it('can be stopped while it waits for its next start, and stays stopped', async () => {
    const child = bear('throw', { backoff: { minMs: 60, maxMs: 60, resetAfterMs: 1_000 } });
    await assert.rejects(child.start());
    assert.equal(child.state, 'waiting');
    await child.stop();
    const { starts } = child.stats();
    await new Promise((resolve) => setTimeout(resolve, 150));
    assert.equal(child.stats().starts, starts);
    assert.equal(child.state, 'stopped');
  });

  it('can be started again after a stop', async () => {
    const child = bear();
    await child.start();
    await child.stop();
    await child.start();
    assert.equal((await child.request('echo', 'second life')).body, 'second life');
  });

  it('counts as running only after it was initialised, each time', async () => {
    const loaded: unknown[] = [];
    const child = bear('', {
      initialise: async (self) => {
        assert.equal(self.state, 'starting');
        loaded.push((await self.request('echo', `model ${loaded.length}`)).body);
      },
    });
    await child.start();
    process.kill(child.stats().pid!, 'SIGKILL');
    await until('it runs again', () => child.state === 'running' && child.stats().starts === 2);
    assert.deepEqual(loaded, ['model 0', 'model 1']);
  });

  it('is started again where initialising fails', async () => {
    let attempts = 0;
    const child = bear('', {
      initialise: async () => {
        attempts += 1;
        if (attempts < 3) throw new GoodpartError('GP_MODEL_INVALID', 'model.onnx is missing');
      },
    });
    await assert.rejects(child.start(), { code: 'GP_MODEL_INVALID', message: 'model.onnx is missing' });
    await until('it runs', () => child.state === 'running');
    assert.equal(attempts, 3);
  });

  it('never lets a listener that throws reach the event loop', async () => {
    const child = bear();
    const failures: GoodpartError[] = [];
    child.on('failure', (error: GoodpartError) => failures.push(error));
    child.on('state', () => {
      throw new Error('a careless listener');
    });
    child.on('event', () => {
      throw new Error('another one');
    });
    await child.start();
    assert.equal((await child.request('echo', 1)).body, 1);
    assert.deepEqual([...new Set(failures.map(({ message }) => message))].sort(), [
      'a careless listener',
      'another one',
    ]);
  });
});
