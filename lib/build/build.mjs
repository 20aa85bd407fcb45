// Sources to dist: tsc for the runtime, the editor halves, the console's pages, the JSON Schema files. Nothing stale stays behind.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bootstrap, failed, root, runShown, toolEnvironment } from './bootstrap.mjs';

const dist = join(root, 'dist');
const stamp = join(dist, '.stamp');
const sourceFolders = ['lib', 'nodes', 'test', 'icons'];

/** Every file below a folder, as paths relative to it. */
export function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)))
    .sort();
}

/** All tsconfig files: the runtime's, and one for each part that is compiled against other types (the editor). */
export function projects() {
  const nested = ['lib', 'nodes'].flatMap((folder) =>
    filesBelow(join(root, folder))
      .filter((file) => /(^|\/)tsconfig[^/]*\.json$/.test(file))
      .map((file) => `${folder}/${file}`),
  );
  return ['tsconfig.json', ...nested];
}

function digestOfSources() {
  const hash = createHash('sha256');
  for (const file of ['package.json', 'package-lock.json', 'tsconfig.json'])
    hash.update(readFileSync(join(root, file)));
  for (const folder of sourceFolders) {
    for (const file of filesBelow(join(root, folder))) {
      const { mtimeMs, size } = statSync(join(root, folder, file));
      hash.update(`${folder}/${file} ${mtimeMs} ${size}\n`);
    }
  }
  return hash.digest('hex');
}

/** Removes what a deleted source once gave: a stale test would still run, a stale module still load. */
function removeStale() {
  for (const file of filesBelow(dist)) {
    const source = file.replace(/\.js(\.map)?$/, '.ts');
    const fromPage = file.startsWith('lib/console/page/'); // bundled from several sources, written anew by each build
    if (source !== file && /^(lib|nodes|test)\//.test(file) && !fromPage && !existsSync(join(root, source))) {
      rmSync(join(dist, file));
      console.log(`  removed stale dist/${file}`);
    }
  }
  for (const file of filesBelow(join(dist, 'nodes'))) {
    const [type, ...inside] = file.split('/');
    if (inside.length > 0 && !existsSync(join(root, 'nodes', type))) rmSync(join(dist, 'nodes', file));
  }
}

/** Builds everything; throws with one sentence where something does not compile. */
export async function build() {
  const digest = digestOfSources();
  rmSync(stamp, { force: true });
  removeStale();
  for (const project of projects()) {
    const code = await runShown('tsc', ['-p', project, '--pretty', 'false'], { env: toolEnvironment() });
    if (code !== 0) throw new Error(`${project} does not compile; tsc's messages are above`);
  }
  if (existsSync(join(root, 'lib/build/editor.mjs'))) await (await import('./editor.mjs')).buildEditors();
  await (await import('./pages.mjs')).buildPages();
  await (await import('./schemas.mjs')).writeSchemas();
  (await import('./native.mjs')).copyAddonSources();
  mkdirSync(dist, { recursive: true });
  writeFileSync(stamp, digest);
}

/** Builds where any source is newer than, missing from or no longer in what was built last. */
export async function buildIfStale() {
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digestOfSources()) return;
  console.log('Building');
  await build();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  bootstrap(import.meta.url, { build: false })
    .then(build)
    .catch(failed);
}
