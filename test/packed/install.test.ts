import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readJson } from '../house/sources.ts';
import { NodeRed, releases } from '../kit/node-red.ts';
import { packOnce, userDirWithPackage } from '../kit/packed.ts';

const packageName = '@goodpart/node-red-inspection';

interface NodeSet {
  id: string;
  module: string;
  enabled: boolean;
  loaded?: boolean;
  err?: string;
  types: string[];
}

describe('the tarball', function () {
  this.timeout(240_000);

  it('holds what is needed at run time and nothing else', () => {
    const { files, size } = packOnce();
    for (const name of ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'dist/lib/cli/goodpart.js']) {
      assert.ok(files.includes(name), `${name} is missing`);
    }
    const foreign = files.filter((file) =>
      /^(lib|nodes|test|\.ci|dist\/test|dist\/lib\/build)\/|\.tsx?$|\.tgz$/.test(file),
    );
    assert.deepEqual(foreign, []);
    assert.ok(size < 8_000_000, `${size} bytes unpacked`);
  });

  it('holds both halves, the icon and the locales of each node', () => {
    const { files } = packOnce();
    const { 'node-red': section } = readJson<{ 'node-red': { nodes: Record<string, string> } }>('package.json');
    for (const file of Object.values(section.nodes)) {
      assert.ok(files.includes(file) && files.includes(file.replace(/\.js$/, '.html')), file);
      const folder = file.replace(/[^/]+$/, '');
      assert.ok(
        files.some((name) => name.startsWith(`${folder}locales/en-US/`)),
        `${folder} has no locales`,
      );
    }
  });

  it('installs into a fresh user directory, and its command runs there', () => {
    const userDir = userDirWithPackage();
    assert.ok(existsSync(join(userDir, 'node_modules', packageName, 'package.json')));
    const command = join(userDir, 'node_modules/.bin/goodpart');
    assert.match(execFileSync(command, ['--help'], { encoding: 'utf8' }), /doctor/);
  });

  for (const release of releases) {
    it(`is loaded by ${release} without an error, every node of it`, async () => {
      const nodeRed = await new NodeRed({ release, userDir: userDirWithPackage() }).start();
      try {
        const sets = await nodeRed.json<NodeSet[]>('nodes', { headers: { accept: 'application/json' } });
        const ours = sets.filter(({ module }) => module === packageName);
        const { 'node-red': section } = readJson<{ 'node-red': { nodes: Record<string, string> } }>('package.json');
        assert.deepEqual(ours.flatMap(({ types }) => types).sort(), Object.keys(section.nodes).sort());
        for (const { id, enabled, err } of ours) assert.ok(enabled && err === undefined, `${id}: ${err}`);
        const page = await (await nodeRed.request('nodes', { headers: { accept: 'text/html' } })).text();
        for (const type of Object.keys(section.nodes)) assert.match(page, new RegExp(`registerType\\(["']${type}["']`));
      } finally {
        await nodeRed.stop();
      }
    });
  }
});
