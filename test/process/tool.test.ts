import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GoodpartError } from '../../lib/core/errors.ts';
import { spawnTool, type Tool, type ToolOptions } from '../../lib/process/spawn-tool.ts';
import { hasCommand, needs } from '../kit/needs.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';
import { bear, buryAll, lives } from './family.ts';

const born: Tool[] = [];
const orphans: number[] = [];

function tool(more: Partial<ToolOptions>): Tool {
  const made = spawnTool({ name: 'the tool', command: 'sleep', package: 'coreutils', stopMs: 300, ...more });
  born.push(made);
  return made;
}

/** A shell script given as an argument, so that no file has to be executable. */
const script = (text: string, more: Partial<ToolOptions> = {}) => tool({ command: 'sh', args: ['-c', text], ...more });
const said = (of: Tool, words: RegExp) => until(`it says ${words}`, () => words.test(of.lines().join('\n')));

describe('an external tool', () => {
  afterEach(async () => {
    await Promise.all(born.splice(0).map((one) => one.kill()));
    for (const pid of orphans.splice(0)) if (lives(pid)) process.kill(pid, 'SIGKILL');
    await buryAll();
  });

  it('that is missing is one sentence with the package to install', () => {
    assert.throws(() => tool({ command: 'gst-launch-9.9', name: 'GStreamer', package: 'gstreamer1.0-tools' }), {
      code: 'GP_TOOL_MISSING',
      message:
        'GStreamer needs the program gst-launch-9.9, which is not installed: sudo apt install gstreamer1.0-tools',
    });
    assert.throws(
      () => tool({ command: '/nowhere/tool' }),
      (error) => GoodpartError.is(error),
    );
  });

  it('gives its output, its extra pipe, its end and its last words', async () => {
    const one = script('printf out; printf extra >&3; echo "no such device" >&2; exit 4', { pipes: 1 });
    const [out, extra] = await Promise.all([one.stdout.toArray(), one.pipe().toArray()]);
    assert.deepEqual([Buffer.concat(out).toString(), Buffer.concat(extra).toString()], ['out', 'extra']);
    assert.deepEqual(await one.ended, { code: 4, signal: null, text: 'the tool ended with code 4 (no such device)' });
    assert.equal(lives(one.pid ?? 0), false);
  });

  it('is asked to end, and killed when it does not listen, with what it started', async () => {
    const one = script('trap "" TERM; echo ready >&2; sleep 50 & echo "started $!" >&2; while :; do sleep 1; done');
    await said(one, /started \d+/);
    const started = Number(/started (\d+)/.exec(one.lines().join('\n'))?.[1]);
    orphans.push(started);
    const { signal } = await one.stop();
    assert.equal(signal, 'SIGKILL');
    await until('what it started is gone', () => !lives(started));
  });

  it('that listens to SIGTERM is not killed', async () => {
    const one = script('trap "echo bye >&2; exit 0" TERM; echo ready >&2; while :; do sleep 0.05; done', {
      stopMs: 20_000,
    });
    await said(one, /ready/);
    const { code, text } = await one.stop();
    assert.equal(code, 0);
    assert.match(text, /^the tool ended with code 0 \(ready .*bye\)$/);
  });

  it('that was stopped (SIGSTOP) hears that it is to end', async () => {
    const one = script('trap "exit 5" TERM; echo ready >&2; while :; do sleep 0.05; done', { stopMs: 20_000 });
    await said(one, /ready/);
    process.kill(one.pid ?? 0, 'SIGSTOP');
    assert.equal((await one.stop()).code, 5);
  });

  it('leaves nothing behind when it ends by itself', async () => {
    const one = script('sleep 50 & echo "started $!" >&2; exit 0');
    await one.ended;
    const started = Number(/started (\d+)/.exec(one.lines().join('\n'))?.[1]);
    orphans.push(started);
    await until('what it started is gone', () => !lives(started));
  });

  it('may flood its error output without filling memory, and shows no secret of it', async () => {
    const flood = `i=0; while [ $i -lt 3000 ]; do echo "rtsp://anna:s3cr3t@10.0.0.5/$i failed, key hunter22"; i=$((i+1)); done >&2; printf 'open rtsp://anna:s3cr' >&2`;
    const one = script(flood, { secrets: ['hunter22'] });
    const { text } = await one.ended;
    assert.equal(one.lines().length, 101);
    assert.match(one.lines()[0], /^rtsp:\/\/\*\*\*@10\.0\.0\.5\/2900 failed, key \*\*\*$/);
    assert.doesNotMatch(`${text}${one.lines().join()}`, /s3cr|hunter/);
  });

  it('dies with a child that is killed', async function () {
    needs(this, 'setpriv (util-linux)', hasCommand('setpriv'));
    const file = join(tempDir('tool'), 'pid');
    const child = bear('tool', { args: ['tool', file], backoff: { minMs: 60_000, maxMs: 60_000, resetAfterMs: 1 } });
    await child.start();
    const pid = Number(readFileSync(file, 'utf8'));
    orphans.push(pid);
    assert.ok(lives(pid));
    process.kill(child.stats().pid ?? 0, 'SIGKILL');
    await until('the tool is gone', () => !lives(pid));
  });

  it('dies when Node-RED is killed while child and tool are stalled: no orphan keeps the camera', async function () {
    needs(this, 'setpriv (util-linux)', hasCommand('setpriv'));
    const file = join(tempDir('tool'), 'pid');
    const parent = spawn(process.execPath, [join(__dirname, 'fixture-parent.js'), 'tool', file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    parent.stdout.on('data', (chunk) => {
      text += chunk;
    });
    const child = await until('the child runs', () => Number(/^(\d+)\n/.exec(text)?.[1]));
    const pid = Number(existsSync(file) && readFileSync(file, 'utf8'));
    orphans.push(pid, child, parent.pid ?? 0);
    for (const stalled of [pid, child]) process.kill(stalled, 'SIGSTOP');
    parent.kill('SIGKILL');
    await until('all are gone', () => ![pid, child].some(lives));
  });
});
