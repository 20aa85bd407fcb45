// The versioned JSON Schema files of what we write to disk and tell the world, made from the zod schemas: dist/schemas/<name>-<version>.json
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from './bootstrap.mjs';
import { filesBelow } from './build.mjs';

const require = createRequire(import.meta.url);

/** Document name to the exported zod schema; the module that exports it is found by that name. */
const documents = {
  disposition: 'dispositionSchema',
  model: 'modelSchema',
  recipe: 'recipeSchema',
  record: 'recordSchema',
  result: 'resultSchema',
  status: 'statusSchema',
};

function moduleExporting(name) {
  const pattern = new RegExp(`^export const ${name}\\b`, 'm');
  return filesBelow(join(root, 'lib')).find(
    (file) => file.endsWith('.ts') && pattern.test(readFileSync(join(root, 'lib', file), 'utf8')),
  );
}

/** Writes one file for each document whose schema exists; returns their names. */
export async function writeSchemas() {
  const { toJSONSchema } = await import('zod');
  const folder = join(root, 'dist', 'schemas');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const written = [];
  for (const [document, name] of Object.entries(documents)) {
    const file = moduleExporting(name);
    if (file === undefined) continue;
    const schema = require(join(root, 'dist', 'lib', file.replace(/\.ts$/, '.js')))[name];
    const version = schema.shape?.schema?.value ?? 1;
    const json = toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
    const id = `${document}-${version}.json`;
    writeFileSync(join(folder, id), `${JSON.stringify({ title: `Goodpart ${document}`, ...json }, null, 2)}\n`);
    written.push(id);
  }
  return written;
}
