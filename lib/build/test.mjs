// npm test [-- room or part of a file name …]: build, lint, then each room's tests in a mocha process of its own, some
// beside each other. The last line is exactly "N passed, N failed, N skipped".
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { bootstrap, root, runShown, toolEnvironment } from './bootstrap.mjs';

const lingerMs = 15_000;
/** Rooms run beside each other beyond the usual number while more than this share of the processors was idle for so long. */
const idleEnough = 0.25;
const idleWindowMs = 3_000;
/** For a room that hangs, not one that is slow on a busy machine. */
const roomLimitMs = 600_000;
const shownSlowest = 20;
/** Brings the rooms that took longest (measured) to the front, whatever the size of their tests: the demo learns for minutes, browsers are waited for. */
const slowness = { build: 1000, packed: 20, editor: 3, cli: 2.5, nodes: 1.5 };
/** Rooms with more bytes of compiled tests than this run in parts, side by side. */
const mostBytes = 70_000;

/** Rooms with compiled tests that were asked for, as [room, files]: all, or what matches one of `wanted`; large ones in parts. */
function roomsOf(files, wanted) {
  const rooms = new Map();
  for (const file of files) {
    if (!file.endsWith('.test.js')) continue;
    const room = file.split('/')[0];
    if (wanted.length > 0 && !wanted.some((word) => word === room || `test/${file}`.includes(word))) continue;
    rooms.set(room, [...(rooms.get(room) ?? []), join(root, 'dist/test', file)]);
  }
  const bytes = (names) => names.reduce((sum, name) => sum + statSync(name).size, 0);
  const parts = [...rooms].flatMap(([room, names]) => {
    const count = Math.min(names.length, Math.ceil(bytes(names) / mostBytes));
    return Array.from({ length: count }, (_, part) => [
      count === 1 ? room : `${room} ${part + 1} of ${count}`,
      names.filter((_, i) => i % count === part),
    ]);
  });
  // What takes longest first: what runs last runs alone.
  const weight = ([room, names]) => bytes(names) * (slowness[room.split(' ')[0]] ?? 1);
  return parts.sort((a, b) => weight(b) - weight(a));
}

function elapsed(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

/** Runs one room's tests; resolves with its outcome, whatever happens to the process. */
function runRoom(room, files, folder) {
  const began = performance.now();
  const file = join(folder, `${room.replaceAll(' ', '-')}.json`);
  // some hundred processes load the same libraries: compiling them each time would take a fifth of the run (measured)
  const env = { ...toolEnvironment(), GOODPART_OUTCOME: file, NODE_COMPILE_CACHE: join(folder, 'compiled') };
  const reporter = join(root, 'lib/build/reporter.cjs');
  const mocha = join(root, 'node_modules/mocha/bin/mocha.js');
  return new Promise((done) => {
    const child = spawn(process.execPath, [mocha, '--reporter', reporter, ...files], { cwd: root, env });
    let output = '';
    let ended = 0;
    let trouble = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
      });
    }
    const watch = setInterval(() => {
      ended ||= existsSync(file) ? performance.now() : 0;
      if (ended > 0 && performance.now() - ended > lingerMs) trouble = 'left something running after its last test';
      else if (performance.now() - began > roomLimitMs) trouble = `took longer than ${roomLimitMs / 1000} s`;
      if (trouble) child.kill('SIGKILL');
    }, 250);
    child.on('close', (code) => {
      clearInterval(watch);
      const outcome = existsSync(file)
        ? JSON.parse(readFileSync(file, 'utf8'))
        : { passed: 0, failed: [], skipped: [], times: [] };
      if (!trouble && !existsSync(file)) trouble = `ended with code ${code} before its tests did`;
      if (!trouble && code !== 0 && outcome.failed.length === 0) trouble = `ended with code ${code}`;
      if (trouble) outcome.failed.push({ title: `the tests of ${room}`, error: trouble });
      console.log(`\n──── ${room}, ${elapsed(began)}\n${output.trimEnd()}`);
      done(outcome);
    });
  });
}

/**
 * Runs what is in the queue, `usual` at a time, and more while the processors have nothing to do: some rooms compute, others wait for clocks,
 * cameras and clients. With more than that beside rooms that compute nothing ends sooner, and what has a low priority starves (measured).
 */
async function sideBySide(queue, run) {
  const usual = Math.min(3, cpus().length + 1);
  const most = 2 * usual;
  const running = new Set();
  const start = () => {
    const one = run(queue.shift()).then(() => running.delete(one));
    running.add(one);
  };
  const idle = idleMeter();
  while (queue.length > 0) {
    if (running.size < usual) start();
    else {
      // what was started just now shows its load only after a while
      await Promise.race([...running, pause(idleWindowMs, undefined, { ref: false })]);
      if (running.size >= usual && running.size < most && idle() > idleEnough) start();
    }
  }
  await Promise.all(running);
}

/** Gives the share of the processors' time, 0..1, that was idle since it was asked last. */
function idleMeter() {
  const read = () => {
    const times = cpus().map((cpu) => cpu.times);
    const idle = times.reduce((sum, time) => sum + time.idle, 0);
    return { idle, all: times.flatMap((time) => Object.values(time)).reduce((sum, ms) => sum + ms, 0) };
  };
  let before = read();
  return () => {
    const now = read();
    const share = (now.idle - before.idle) / Math.max(1, now.all - before.all);
    before = now;
    return share;
  };
}

async function main() {
  await bootstrap(import.meta.url, { build: false });
  const began = performance.now();
  const { build, filesBelow } = await import('./build.mjs');
  const totals = { passed: 0, failed: [], skipped: [], times: [] };
  console.log('Building');
  await build();
  const lint = await runShown('biome', ['check', '--error-on-warnings'], { env: toolEnvironment() });
  if (lint !== 0)
    totals.failed.push({ title: 'biome check', error: 'its messages are above; npm run format repairs most' });

  const wanted = process.argv.slice(2);
  const queue = roomsOf(filesBelow(join(root, 'dist/test')), wanted);
  if (queue.length === 0)
    totals.failed.push({ title: 'choice of tests', error: `nothing matches ${wanted.join(' ')}` });
  const folder = mkdtempSync(join(tmpdir(), 'goodpart-outcome-'));
  await sideBySide(queue, async (next) => {
    const outcome = await runRoom(...next, folder);
    totals.passed += outcome.passed;
    totals.failed.push(...outcome.failed);
    totals.skipped.push(...outcome.skipped);
    totals.times.push(...outcome.times);
  });
  rmSync(folder, { recursive: true, maxRetries: 5 });

  if (totals.skipped.length > 0) console.log(`\nSkipped:\n  ${totals.skipped.join('\n  ')}`);
  if (totals.failed.length > 0) {
    console.log(
      `\nFailed:\n${totals.failed.map(({ title, error }) => `  ${title}\n      ${error.split('\n')[0]}`).join('\n')}`,
    );
  }
  const slowest = totals.times.sort((a, b) => b[1] - a[1]).slice(0, shownSlowest);
  console.log(`\nSlowest:\n${slowest.map(([title, s]) => `  ${s.toFixed(1).padStart(6)} s  ${title}`).join('\n')}`);
  console.log(`\nWhole run: ${elapsed(began)}`);
  const { passed, failed: bad, skipped } = totals;
  console.log(`${passed} passed, ${bad.length} failed, ${skipped.length} skipped`);
  process.exitCode = bad.length > 0 ? 1 : 0; // in CI a missing system package fails its tests: test/kit/needs.ts
}

main().catch((error) => {
  console.error(error.message);
  console.log('0 passed, 1 failed, 0 skipped');
  process.exitCode = 1;
});
