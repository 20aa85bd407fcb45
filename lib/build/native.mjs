// The TensorRT addon's sources to dist, with node-addon-api's headers and their licence: a device compiles it (`goodpart tensorrt build`)
// with nothing to download, and installing the package needs no compiler.
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './bootstrap.mjs';

const headers = ['napi.h', 'napi-inl.h', 'napi-inl.deprecated.h', 'LICENSE.md'];

export function copyAddonSources() {
  const target = join(root, 'dist/lib/scoring/tensorrt/addon');
  rmSync(target, { recursive: true, force: true });
  cpSync(join(root, 'lib/scoring/tensorrt/addon'), target, { recursive: true });
  const folder = join(target, 'node-addon-api');
  mkdirSync(folder);
  for (const file of headers) cpSync(join(root, 'node_modules/node-addon-api', file), join(folder, file));
}
