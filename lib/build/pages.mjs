// The console's pages: script and style by esbuild, the frame as it is, beside the compiled room.
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './bootstrap.mjs';
import { filesBelow } from './build.mjs';

const source = join(root, 'lib/console/page');
const target = join(root, 'dist/lib/console/page');

export async function buildPages() {
  const { build } = await import('esbuild');
  mkdirSync(target, { recursive: true });
  const pages = filesBelow(source).filter((file) => file.endsWith('.html'));
  for (const page of pages) {
    const name = page.slice(0, -'.html'.length);
    await build({
      entryPoints: [join(source, `${name}.ts`)],
      outfile: join(target, `${name}.js`),
      bundle: true,
      format: 'iife',
      target: 'es2022',
      charset: 'utf8',
      logLevel: 'warning',
    });
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
