// The console's pages: script and style by esbuild, the frame as it is, beside the compiled room.
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './bootstrap.mjs';
import { filesBelow } from './build.mjs';

const source = join(root, 'lib/console/page');
const target = join(root, 'dist/lib/console/page');
/** Scripts of pages whose frame and style another room draws. */
const drawnElsewhere = ['learning'];

export async function buildPages() {
  const { build } = await import('esbuild');
  mkdirSync(target, { recursive: true });
  const pages = filesBelow(source).filter((file) => file.endsWith('.html'));
  const script = (name) =>
    build({
      entryPoints: [join(source, `${name}.ts`)],
      outfile: join(target, `${name}.js`),
      bundle: true,
      format: 'iife',
      target: 'es2022',
      charset: 'utf8',
      logLevel: 'warning',
    });
  for (const name of drawnElsewhere) await script(name);
  for (const page of pages) {
    const name = page.slice(0, -'.html'.length);
    await script(name);
    await build({
      entryPoints: [join(source, `${name}.css`)],
      outfile: join(target, `${name}.css`),
      bundle: true,
      target: 'chrome120',
      logLevel: 'warning',
    });
    copyFileSync(join(source, page), join(target, page));
  }
}
