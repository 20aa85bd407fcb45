import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasCommand, needs } from '../kit/needs.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';
import { lives } from './family.ts';

interface Family {
  parent: ChildProcess;
  pid: number;
}

/** A parent process with one child, as Node-RED has; resolves when the child runs. */
async function family(...args: string[]): Promise<Family> {
  const parent = spawn(process.execPath, [join(__dirname, 'fixture-parent.js'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  let text = '';
  parent.stdout.on('data', (chunk) => {
    text += chunk;
  });
  const pid = await until('the child runs', () => Number(/^(\d+)\n/.exec(text)?.[1]));
  return { parent, pid };
}

describe('when the parent dies', () => {
  let born: Family[] = [];
  const orphan = async (...args: string[]) => {
    const one = await family(...args);
    born.push(one);
    return one;
  };
  afterEach(() => {
    for (const { parent, pid } of born) {
      parent.kill('SIGKILL');
      if (lives(pid)) process.kill(pid, 'SIGKILL');
    }
    born = [];
  });

  it('by SIGKILL, its child ends too', async () => {
    const { parent, pid } = await orphan('', '');
    assert.ok(lives(pid));
    parent.kill('SIGKILL');
    await until('the child is gone', () => !lives(pid), { timeoutMs: 3_000 });
  });

  it('by SIGKILL, a child that is busy in a loop ends too', async function () {
    needs(this, 'setpriv (util-linux)', hasCommand('setpriv'));
    const { parent, pid } = await orphan('busy-later', '');
    await new Promise((resolve) => setTimeout(resolve, 250)); // into its loop: from there it hears nothing
    parent.kill('SIGKILL');
    await until('the child is gone', () => !lives(pid), { timeoutMs: 3_000 });
  });

  it('by an ordinary end, its child ends too', async () => {
    const { parent, pid } = await orphan('', '');
    parent.kill('SIGTERM');
    await until('the child is gone', () => !lives(pid), { timeoutMs: 3_000 });
  });

  it('a child that may outlive it finishes what it has to say, although nobody reads its output', async () => {
    const file = join(tempDir('orphans'), 'words');
    const { parent, pid } = await orphan('', file, 'outlives');
    parent.kill('SIGKILL');
    await until('it has spoken', () => existsSync(file) && readFileSync(file, 'utf8') === 'orphaned\n');
    await until('and is gone', () => !lives(pid));
  });

  it('Ctrl-C for the whole group leaves the child to its parent', async () => {
    const { parent, pid } = await orphan('', '', 'outlives');
    process.kill(pid, 'SIGINT');
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.ok(lives(pid));
    process.kill(-parent.pid!, 'SIGINT');
    await until('both are gone', () => !lives(pid) && !lives(parent.pid!));
  });
});
