import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../kit/needs.ts';
import { read, readJson, trackedFiles } from './sources.ts';

interface Manifest {
  name: string;
  version: string;
  license: string;
  repository: { url: string };
  keywords: string[];
  engines: { node: string };
  bin: Record<string, string>;
  files: string[];
  'node-red': { version: string; nodes: Record<string, string> };
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
}

const exists = (path: string) => existsSync(join(repositoryRoot, path));

/** The Flow Library's scorecard (node-red-dev), offline: what needs its catalogue is not checked here. */
describe('the package', () => {
  const manifest = readJson<Manifest>('package.json');
  const types = readdirSync(join(repositoryRoot, 'nodes'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);

  it('has a licence, a repository and a scoped name (P01, P03, P04)', () => {
    assert.equal(manifest.license, 'Apache-2.0');
    assert.match(read('LICENSE'), /Apache License\s+Version 2\.0/);
    assert.match(manifest.repository.url, /^git\+https:\/\/github\.com\//);
    assert.match(manifest.name, /^@[a-z-]+\/node-red-[a-z-]+$/);
  });

  it('has the keyword by which the Flow Library finds it (P05)', () => {
    assert.ok(manifest.keywords.includes('node-red'));
  });

  it('admits Node-RED 4.1 and 5 (P06)', () => {
    assert.equal(manifest['node-red'].version, '>=4.1.0');
    const installed = readJson<{ version: string }>('node_modules/node-red/package.json').version;
    assert.match(installed, /^5\./);
  });

  it('needs a newer Node than the lowest of Node-RED 5: the one declared exception (P07)', () => {
    assert.equal(manifest.engines.node, '>=22.13');
    assert.match(read('README.md'), /22\.13/);
  });

  it('lists every node once, each in a set of its own that can be disabled alone', () => {
    const expected = types.map((type) => [`goodpart-${type}`, `dist/nodes/${type}/${type}.js`]);
    assert.deepEqual(Object.entries(manifest['node-red'].nodes).sort(), expected.sort());
  });

  it('has both halves, an icon and the catalogue of each node where Node-RED looks for them', () => {
    for (const file of Object.values(manifest['node-red'].nodes)) {
      assert.ok(exists(file), `${file} is missing`);
      assert.ok(exists(file.replace(/\.js$/, '.html')), `${file} has no editor half`);
      const folder = join(file, '..');
      assert.ok(exists(join(folder, 'locales/en-US')), `${folder} has no locales`);
      assert.doesNotThrow(() => require(join(repositoryRoot, file)));
    }
  });

  it('has example flows that run beside each other: no node id, station or port twice', () => {
    interface Placed {
      id: string;
      type: string;
      line?: string;
      station?: string;
      port?: number | string;
    }
    const examples = trackedFiles().filter((file) => /^examples\/.*\.json$/.test(file));
    const nodes = examples.flatMap((file) => readJson<Placed[]>(file));
    const stations = nodes.filter(({ type }) => type === 'goodpart-station');
    const servers = nodes.filter(({ type, port }) => /^goodpart-.*-endpoint$/.test(type) && port !== undefined);
    for (const list of [
      nodes.map(({ id }) => id),
      stations.map(({ line, station }) => `${line}/${station}`),
      servers.map(({ port }) => `port ${port}`),
    ]) {
      assert.ok(list.length > 2);
      assert.deepEqual(
        list.filter((one, i) => list.indexOf(one) !== i),
        [],
      );
    }
  });

  it('shows every flow node in some example (N02)', () => {
    const examples = trackedFiles().filter((file) => /^examples\/.*\.json$/.test(file));
    const used = new Set(examples.flatMap((file) => readJson<{ type: string }[]>(file).map(({ type }) => type)));
    for (const type of types) assert.ok(used.has(`goodpart-${type}`), `goodpart-${type} is in no example`);
  });

  it('has at most six runtime dependencies, each pinned and each imported (D01)', () => {
    const names = Object.keys(manifest.dependencies);
    assert.ok(names.length <= 6, names.join(' '));
    const sources = trackedFiles().filter((file) => /^(lib|nodes)\/.*\.ts$/.test(file));
    const all = sources.map(read).join('\n');
    for (const [name, version] of Object.entries(manifest.dependencies)) {
      assert.match(version, /^\d+\.\d+\.\d+$/, name);
      assert.ok(all.includes(`'${name}`), `${name} is not imported`);
    }
  });

  it('does without what is optional: pinned, and imported where it is used only', () => {
    const optional = readJson<{ optionalDependencies: Record<string, string> }>('package.json').optionalDependencies;
    const sources = trackedFiles().filter((file) => /^(lib|nodes)\/.*\.ts$/.test(file));
    for (const [name, version] of Object.entries(optional)) {
      assert.match(version, /^\d+\.\d+\.\d+$/, name);
      const users = sources.filter((file) => read(file).includes(`import('${name}')`));
      assert.equal(users.length, 1, `${name}: ${users.join(' ')}`);
    }
  });

  it('imports nothing that is not a runtime dependency, Node-RED and types aside', () => {
    const sources = trackedFiles().filter((file) => /^(lib|nodes)\/.*\.ts$/.test(file));
    const allowed = new Set([...Object.keys(manifest.dependencies), 'node-red', 'jquery', 'express']);
    for (const file of sources) {
      for (const [, type, name] of read(file).matchAll(
        /^\s*(?:import|export)\b(\s+type\b)?[^;'"]*?from\s+'([^.'][^']*)'/gm,
      )) {
        if (name.startsWith('node:') || type) continue;
        const base = name.startsWith('@') ? name.split('/').slice(0, 2).join('/') : name.split('/')[0];
        assert.ok(allowed.has(base), `${file} imports ${name}`);
      }
    }
  });

  it('has a command, and packs what is built and nothing else', () => {
    for (const file of Object.values(manifest.bin)) assert.ok(exists(file), `${file} is missing`);
    assert.deepEqual(manifest.files.toSorted(), [
      ...['CHANGELOG.md', 'dist/lib', 'dist/nodes', 'dist/schemas', 'examples'],
    ]);
  });

  it('says in its changelog what its version brings', () => {
    assert.match(read('CHANGELOG.md'), new RegExp(`^## \\[${manifest.version.replaceAll('.', '\\.')}\\]`, 'm'));
  });
});
