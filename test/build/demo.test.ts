import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { needs, repositoryRoot, sharedData } from '../kit/needs.ts';
import { freePort } from '../kit/ports.ts';
import { childrenNamed, isAlive } from '../kit/processes.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';

const run = promisify(execFile);
const demo = join(repositoryRoot, 'lib/build/demo.mjs');

async function ports(): Promise<string[]> {
  const [red, opcUa, modbus] = [await freePort(), await freePort(), await freePort()];
  return ['--port', `${red}`, '--opcua-port', `${opcUa}`, '--modbus-port', `${modbus}`];
}

describe('the demo', function () {
  this.timeout(400_000);

  it('learns real tiles, inspects all 200 and reaches an image AUROC of 0.86', async function () {
    const images = sharedData('magnetic_tile');
    needs(this, 'the shared set magnetic_tile', images !== undefined);
    const folders = ['--images', images ?? '', '--dir', join(tempDir('demo'), 'run')];
    const args = ['--once', '--no-sensitivity', ...folders, ...(await ports())];
    const { stdout } = await run(process.execPath, [demo, ...args], { maxBuffer: 1e8 });
    const auroc = Number(/^image AUROC (0\.\d+)/m.exec(stdout)?.[1]);
    assert.ok(auroc >= 0.86, stdout);
    assert.match(stdout, /verdicts against truth \(200 inspections\)/);
    assert.match(stdout, /80 good, 120 defective/);
    const good = /^ {2}good +(\d+) +(\d+) +(\d+) +(\d+)$/m.exec(stdout)?.slice(1).map(Number) ?? [];
    assert.equal(good[0] + good[1] + good[2] + good[3], 80);
    assert.equal(good[3], 0, 'no good tile was invalid');
    // five per cent above warn and one above fail are promised: four and one of 80; more than these come once in a thousand times
    assert.ok(good[1] + good[2] <= 10 && good[2] <= 5, `good tiles pass, warn, fail: ${good}`);
    assert.match(stdout, /to PLC +\d/);
  });

  it('runs the simulated line, says where to look, and ends cleanly on Ctrl-C with nothing left behind', async () => {
    const quick = ['--good', '24', '--no-sensitivity'];
    const args = ['--dir', join(tempDir('demo'), 'run'), '--rate', '5', ...quick, ...(await ports())];
    const child = spawn(process.execPath, [demo, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk: Buffer) => {
      output += chunk;
    });
    const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
    await until('it says where to look', () => output.includes('opc.tcp://'), { timeoutMs: 60_000 });
    await until('it has learned', () => /learning: parts version 1/.test(output), { timeoutMs: 300_000 });
    await until('a defect is found', () => /\d+ fail severity/.test(output), { timeoutMs: 60_000 });
    assert.match(
      output,
      /has not learned this scene.*\n {4}and \d+ more for the same reason\n/,
      'told once, and counted',
    );
    const children = childrenNamed('', child.pid ?? 0);
    assert.ok(children.length >= 4, 'camera, engine, evidence and PLC run');
    child.kill('SIGINT');
    assert.equal(await exited, 0, output.slice(-500));
    await until('no child is left', () => !children.some(isAlive));
  });
});
