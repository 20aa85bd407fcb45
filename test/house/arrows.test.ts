import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { read, trackedFiles } from './sources.ts';

/** What each room may import beside itself: DESIGN.md section 3. */
const arrows: Record<string, string[]> = {
  core: [],
  process: ['core'],
  imaging: ['core'],
  rules: ['core'],
  monitor: ['core'],
  capture: ['process', 'imaging', 'core'],
  scoring: ['process', 'imaging', 'core'],
  plc: ['process', 'core'],
  evidence: ['process', 'imaging', 'core'],
  learning: ['scoring', 'rules', 'imaging', 'process', 'core'],
  station: ['rules', 'core'],
  console: ['station', 'evidence', 'learning', 'monitor', 'core'],
  'node-red': ['station', 'console', 'process', 'core'],
};
const everyRoom = Object.keys(arrows);
arrows.nodes = everyRoom;
arrows.cli = everyRoom.filter((room) => room !== 'node-red');

/** Only these load native or slow packages, and only in modules that run in children. */
const nativePackages = ['sharp', 'onnxruntime-node', 'node-opcua', 'modbus-serial', 'node:sqlite', 'koffi'];
const nodeRedPackages = /^(node-red|@node-red\/|express|node-red-node-test-helper)/;

interface Import {
  from: string;
  to: string;
  typeOnly: boolean;
}

function roomOf(path: string): string | undefined {
  if (path.startsWith('nodes/')) return 'nodes';
  return /^lib\/([^/]+)\//.exec(path)?.[1];
}

/** `import type {…}`, or braces in which every name is marked as a type: the compiler leaves nothing of either. */
function isTypeOnly(clause: string): boolean {
  if (/^\s*type\b/.test(clause)) return true;
  const names = /^\s*\{([^}]*)\}\s*$/
    .exec(clause)?.[1]
    .split(',')
    .filter((name) => name.trim() !== '');
  return names?.every((name) => /^\s*type\s/.test(name)) ?? false;
}

function importsOf(file: string): Import[] {
  const text = read(file);
  const found: Import[] = [];
  for (const match of text.matchAll(/^\s*(?:import|export)\b([^;'"]*?)from\s+'([^']+)'/gm)) {
    found.push({ from: file, to: match[2], typeOnly: isTypeOnly(match[1]) });
  }
  for (const [, to] of text.matchAll(/^import\s+'([^']+)'/gm)) found.push({ from: file, to, typeOnly: false });
  for (const [, to] of text.matchAll(/\b(?:import|require|require\.resolve)\(\s*'([^']+)'\s*\)/g)) {
    found.push({ from: file, to, typeOnly: false });
  }
  return found;
}

describe('the arrows between rooms', () => {
  const files = trackedFiles().filter((file) => /^(lib|nodes)\/.*\.ts$/.test(file));
  const imports = files.flatMap(importsOf);
  const local = imports
    .filter(({ to }) => to.startsWith('.'))
    .map((one) => ({ ...one, to: posix.join(posix.dirname(one.from), one.to) }));

  it('are seen at all', () => {
    assert.ok(files.length > 50, `${files.length} files`);
    assert.ok(local.length > 100, `${local.length} imports`);
  });

  it('go only where the design lets them', () => {
    const wrong = local.filter(({ from, to }) => {
      const [a, b] = [roomOf(from), roomOf(to)];
      if (a === undefined || a === b) return false;
      if (to === 'package.json') return false;
      return b === undefined || !(arrows[a] ?? []).includes(b);
    });
    assert.deepEqual(
      wrong.map(({ from, to }) => `${from} imports ${to}`),
      [],
    );
  });

  it('leave from known rooms only', () => {
    const rooms = new Set(files.map(roomOf));
    for (const room of rooms) assert.ok(room !== undefined && room in arrows, `lib/${room} is not in the design`);
  });

  it('form no circle between files, types aside', () => {
    const next = new Map<string, string[]>();
    for (const { from, to, typeOnly } of local) if (!typeOnly) next.set(from, [...(next.get(from) ?? []), to]);
    const done = new Set<string>();
    const visit = (file: string, path: string[]): void => {
      assert.ok(!path.includes(file), `circle: ${[...path.slice(path.indexOf(file)), file].join(' → ')}`);
      if (done.has(file)) return;
      for (const to of next.get(file) ?? []) visit(to, [...path, file]);
      done.add(file);
    };
    for (const file of next.keys()) visit(file, []);
  });

  it('keep Node-RED out of everything but nodes and lib/node-red', () => {
    const wrong = imports.filter(
      ({ from, to }) => nodeRedPackages.test(to) && !['nodes', 'node-red'].includes(roomOf(from) ?? ''),
    );
    assert.deepEqual(wrong, []);
  });

  it('keep I/O, timers and the wall clock out of core and rules', () => {
    const measuring = /^lib\/(core\/clock|\w+\/(bench|soak))\.ts$/;
    const pure = files.filter((file) => ['core', 'rules'].includes(roomOf(file) ?? '') && !measuring.test(file));
    for (const file of pure) {
      const outside = importsOf(file).filter(({ to }) => !to.startsWith('.') && to !== 'node:crypto');
      assert.deepEqual(outside, [], file);
      const text = read(file).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
      assert.doesNotMatch(text, /\b(setTimeout|setInterval|setImmediate|performance\.now|process\.|console\.)/, file);
    }
  });

  it('keep what is native out of every module that Node-RED itself loads', () => {
    const values = new Map<string, string[]>();
    for (const { from, to, typeOnly } of local) if (!typeOnly) values.set(from, [...(values.get(from) ?? []), to]);
    const reached = new Map<string, string>();
    const visit = (file: string, by: string): void => {
      if (reached.has(file)) return;
      reached.set(file, by);
      for (const to of values.get(file) ?? []) visit(to, file);
    };
    const entries = files.filter((file) => /^nodes\/([^/]+)\/\1\.ts$/.test(file));
    assert.ok(entries.length >= 10, `${entries.length} nodes`);
    for (const file of entries) visit(file, 'Node-RED');
    const wrong = imports.filter(
      ({ from, to, typeOnly }) =>
        !typeOnly && reached.has(from) && nativePackages.includes(to.replace(/^node-opcua.*/, 'node-opcua')),
    );
    assert.deepEqual(
      wrong.map(({ from, to }) => `${from} (loaded by ${reached.get(from)}) imports ${to}`),
      [],
    );
  });
});
