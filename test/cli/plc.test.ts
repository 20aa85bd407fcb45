import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { LineTotals, PartRecord } from '../../lib/plc/simulator/part-book.ts';
import { Rehearsal } from '../../nodes/rehearsal.ts';
import { command, type Ran } from './kit.ts';

/** As `goodpart` of the kit, but this process goes on: it holds the station. */
function run(...args: string[]): Promise<Ran> {
  const child = spawn(process.execPath, [command, 'plc', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ran: Ran = { status: null, stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    ran.stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    ran.stderr += chunk.toString();
  });
  return new Promise((resolve) => child.on('close', (status) => resolve({ ...ran, status })));
}

describe('goodpart plc', function () {
  this.timeout(120_000);
  let rehearsal: Rehearsal;

  before(async () => {
    rehearsal = await Rehearsal.open({ deadlineMs: 500 });
  });

  after(() => rehearsal.close());

  it('runs parts past a station and tells each of them as JSON', async () => {
    const modbus = `127.0.0.1:${rehearsal.port}`;
    const { status, stdout, stderr } = await run('--modbus', modbus, '--parts', '25', '--rate', '300', '--json');
    assert.deepEqual([status, stderr], [0, '']);
    const told = JSON.parse(stdout) as { ok: boolean; simulated: boolean; totals: LineTotals; parts: PartRecord[] };
    assert.deepEqual([told.ok, told.simulated, told.parts.length], [true, true, 25]);
    assert.deepEqual([told.totals.goodBox.wrong, told.totals.lost, told.totals.onBelt], [0, 0, 0]);
    assert.ok(told.totals.goodBox.right > 5, JSON.stringify(told.totals));
    for (const part of told.parts) assert.deepEqual(rehearsal.contradictions(part, { faulty: true }), []);
  });

  it('shows the belt as text, and a fault at the part it was wanted at', async () => {
    const modbus = `127.0.0.1:${rehearsal.port}`;
    const args = ['--modbus', modbus, '--parts', '20', '--rate', '240', '--fault', 'double-part@3'];
    const { status, stdout } = await run(...args);
    assert.equal(status, 0, stdout);
    assert.match(stdout, /^runs {2}[.pAR?]+\[[.pAR?]\]/m);
    assert.match(stdout, /705 Two parts came into one slot/);
    assert.match(stdout, /^20 parts, good box \d+ \(0 wrong\), .*0 on the belt$/m);
  });

  it('says what it waits for in vain, and ends with 3', async () => {
    const { status, stderr } = await run('--modbus', '127.0.0.1:1', '--parts', '5');
    assert.equal(status, 3);
    assert.match(
      stderr,
      /^goodpart plc: The station could not be believed within 30 s: 127\.0\.0\.1:1: .*ECONNREFUSED/,
    );
  });
});
