// npm run goodpart -- <command>: packages, Node and a build where they are missing, then the command of this checkout.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bootstrap, broughtNode, compareVersions, failed, lowestNode, root, runShown } from './bootstrap.mjs';

const stderr = 2;

/** In a process of its own: what npm and the build print goes to stderr, stdout belongs to the command (`--json`). */
async function prepare() {
  const env = { ...process.env, GOODPART_PREPARE: '1' };
  const code = await runShown(process.execPath, [fileURLToPath(import.meta.url)], {
    env,
    stdio: ['ignore', stderr, stderr],
  });
  if (code !== 0) process.exit(code);
}

async function main() {
  await prepare();
  const node = compareVersions(process.version, lowestNode()) < 0 ? broughtNode() : process.execPath;
  // paths on the command line mean the folder that npm was called in, not the one that it runs scripts in
  const { npm_lifecycle_event: script, INIT_CWD } = process.env;
  const cwd = script === 'goodpart' && INIT_CWD ? INIT_CWD : process.cwd();
  process.exitCode = await runShown(node, [join(root, 'dist/lib/cli/goodpart.js'), ...process.argv.slice(2)], { cwd });
}

(process.env.GOODPART_PREPARE === '1' ? bootstrap(import.meta.url) : main()).catch(failed);
