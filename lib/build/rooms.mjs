// What `npm run bench` and `npm run soak` share: find the rooms' files, run each in a process of its own, report.
import { fork } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { root } from './bootstrap.mjs';

/**
 * The compiled file of a room: `dist/lib/<room>/<kind>.js`, `dist/nodes/<kind>.js` for the whole station, and `dist/test/<room>/<kind>.js` for what
 * needs clients or servers of others, which nothing runs unasked.
 */
function fileOf(kind, room) {
  const below = room === 'nodes' || room.startsWith('test/') ? room : `lib/${room}`;
  return join(root, 'dist', below, `${kind}.js`);
}

/** Rooms that have such a file, all or those named; the whole station comes last. Throws where a named one has none. */
export function roomsWith(kind, named) {
  const all = [...readdirSync(join(root, 'dist/lib')).sort(), 'nodes'].filter((room) => existsSync(fileOf(kind, room)));
  const unknown = named.find((room) => !existsSync(fileOf(kind, room)));
  if (unknown) throw new Error(`Expected one of ${all.join(', ')} but received ${unknown}`);
  return named.length > 0 ? named : all;
}

/**
 * V8 doubles its young generation, up to this many MB a half, whenever enough has survived in it: in a soak the last time after some 75,000 frames
 * (measured), which looks like growth. So a soak starts with what it would come to.
 */
const youngGenerationFull = ['--min-semi-space-size=64'];

function runRoom(kind, room, args, limitMs) {
  const module = fileOf(kind, room);
  const child = fork(join(root, 'lib/build/run-room.mjs'), [module, kind, JSON.stringify(args)], {
    execArgv: kind === 'soak' ? [...process.execArgv, ...youngGenerationFull] : process.execArgv,
  });
  return new Promise((done) => {
    let outcome;
    const limit = setTimeout(() => {
      outcome = { error: `took longer than ${Math.round(limitMs / 1000)} s` };
      child.kill('SIGKILL');
    }, limitMs);
    child.on('message', ({ result }) => {
      outcome = result;
    });
    child.on('exit', (code, signal) => {
      clearTimeout(limit);
      done(outcome ?? { error: `ended with ${signal ?? `code ${code}`}` });
    });
  });
}

/** Figures as `name value` pairs, nested names joined by a dot; arrays and long texts are left to the JSON. */
export function readable(value, prefix = '') {
  return Object.entries(value ?? {}).flatMap(([name, inner]) => {
    if (typeof inner === 'number') return [`${prefix}${name} ${Number(inner.toPrecision(4))}`];
    if (typeof inner === 'boolean' || (typeof inner === 'string' && inner.length < 60))
      return [`${prefix}${name} ${inner}`];
    if (typeof inner === 'object' && inner !== null && !Array.isArray(inner))
      return readable(inner, `${prefix}${name}.`);
    return [];
  });
}

/** Runs the rooms one after the other; the last line printed is one JSON object. Resolves with the exit code. */
export async function report(kind, { named, args, limitMs }) {
  const rooms = {};
  for (const room of roomsWith(kind, named)) {
    rooms[room] = await runRoom(kind, room, args, limitMs);
    console.log(`${room}: ${readable(rooms[room]).join(', ')}`);
  }
  const machine = {
    node: process.version,
    arch: process.arch,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
  };
  console.log(JSON.stringify({ kind, at: new Date().toISOString(), machine, rooms }));
  return Object.values(rooms).some((outcome) => outcome?.error !== undefined || outcome?.ok === false) ? 1 : 0;
}
