import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { until } from '../kit/until.ts';
import { bear, buryAll } from './family.ts';

describe('a child in trouble', () => {
  afterEach(buryAll);

  for (const [atStart, words] of [
    ['throw', 'the licence file is missing'],
    ['reject', 'the device is taken'],
  ]) {
    it(`that cannot start (${atStart}) is reported with its last words`, async () => {
      const child = bear(atStart);
      const failures: Error[] = [];
      child.on('failure', (error) => failures.push(error));
      await assert.rejects(child.start(), (error: Error) => {
        assert.match(error.message, /^fixture ended with code 1 \(/);
        return true;
      });
      assert.ok(
        child.stats().stderr.some((line) => line.includes(words)),
        child.stats().stderr.join('\n'),
      );
      await until('it was tried again', () => child.stats().starts >= 3);
      assert.ok(failures.length >= 2);
    });
  }

  it('whose module is missing is reported and never thrown', async () => {
    const child = bear('', { module: '/nowhere/child.js' });
    await assert.rejects(child.start(), { code: 'GP_CHILD_EXITED' });
    assert.match(child.stats().stderr.join('\n'), /Cannot find module/);
  });

  it('that never says it is ready is killed after its time', async () => {
    const child = bear('silent', { startMs: 300 });
    await assert.rejects(child.start(), /was not ready within 300 ms/);
    assert.equal(child.stats().failures, 1);
  });

  it('refuses requests at once while it waits for its next start', async () => {
    const child = bear('throw', { backoff: { minMs: 5_000, maxMs: 5_000, resetAfterMs: 60_000 } });
    await assert.rejects(child.start());
    const began = performance.now();
    await assert.rejects(child.request('echo', 1), /is not running \(waiting\): ended with code 1/);
    assert.ok(performance.now() - began < 100);
  });

  for (const kind of ['nonsense', 'oversized', 'null', 'kindless', 'negative']) {
    it(`that speaks nonsense (${kind}) is ended and started again`, async () => {
      const child = bear();
      await child.start();
      await assert.rejects(child.request('garbage', kind), { code: 'GP_CHILD_EXITED' });
      await until('the next one runs', () => child.state === 'running' && child.stats().starts === 2);
      assert.match(child.stats().lastError ?? '', /^Header/);
    });
  }

  it('that aborts natively costs one rejected promise', async () => {
    const child = bear();
    await child.start();
    await assert.rejects(child.request('abort', null), /ended by SIGABRT/);
    await until('the next one runs', () => child.state === 'running');
  });

  it('that floods stderr neither blocks nor fills the memory', async () => {
    const child = bear();
    await child.start();
    const before = process.memoryUsage().rss;
    await child.request('flood', 20_000);
    const lines = child.stats().stderr;
    assert.ok(lines.length <= 101, `${lines.length} lines`);
    assert.ok(lines.every((line) => line.length <= 500));
    await until('the last line has come', () => child.stats().stderr.some((line) => line.startsWith('line 19999 ')));
    const grown = (process.memoryUsage().rss - before) / 2 ** 20;
    assert.ok(grown < 60, `${Math.round(grown)} MiB`);
  });

  it('whose grandchild keeps its pipes open is still seen to end', async () => {
    const child = bear();
    await child.start();
    const began = performance.now();
    await assert.rejects(child.request('grandchild', null), /ended with code 3/);
    assert.ok(performance.now() - began < 2_000);
    await until('the next one runs', () => child.state === 'running');
  });

  it('for which no file descriptor was left is started when there is one again', () => {
    const command = `ulimit -n 64; exec '${process.execPath}' '${join(__dirname, 'fixture-starved.js')}'`;
    const { status, stdout, stderr } = spawnSync('bash', ['-c', command], { encoding: 'utf8', timeout: 15_000 });
    assert.equal(stderr, '');
    assert.match(stdout, /^starved could not be started: .*EMFILE\nruns\n$/);
    assert.equal(status, 0);
  });
});
