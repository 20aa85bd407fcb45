// Runs first, on whatever Node the machine has (20 is enough): packages, a Node of the supported range, a build.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, realpathSync, statSync, utimesSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(fileURLToPath(import.meta.url), '../../..');

const binaries = join(root, 'node_modules', '.bin');

/** Compares dotted versions by their numbers: negative where `a` is the older. */
export function compareVersions(a, b) {
  const [left, right] = [a, b].map((version) => version.replace(/^v/, '').split('.').map(Number));
  for (let i = 0; i < 3; i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The lowest Node that package.json promises to run on. */
export function lowestNode() {
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return engines.node.replace(/^>=\s*/, '');
}

/** Environment in which the tools of this checkout come first. */
export function toolEnvironment() {
  return { ...process.env, PATH: `${binaries}:${process.env.PATH ?? ''}` };
}

/** Runs a command with its output shown; resolves with the exit code. Signals that reach us are left to the child. */
export function runShown(command, args, options = {}) {
  return new Promise((done, failed) => {
    const child = spawn(command, args, { stdio: 'inherit', cwd: root, ...options });
    const ignore = () => {}; // Ctrl-C reaches the whole group: the child ends first, then we
    const forward = () => child.kill('SIGTERM');
    process.on('SIGINT', ignore);
    process.on('SIGTERM', forward);
    child.on('error', failed);
    child.on('exit', (code, signal) => {
      process.off('SIGINT', ignore);
      process.off('SIGTERM', forward);
      done(signal ? 1 : (code ?? 1));
    });
  });
}

function modified(path) {
  return existsSync(path) ? statSync(path).mtimeMs : 0;
}

async function ensurePackages() {
  const mark = join(root, 'node_modules', '.package-lock.json');
  const installed = modified(mark);
  if (installed > 0 && installed >= modified(join(root, 'package-lock.json'))) return;
  // Not "ci": it refuses the whole lock file where a registry lacks packages for platforms that nobody here runs on.
  // Scripts off: newer npm blocks them anyway, and onnxruntime-node's would download files that only a GPU needs.
  const args = [
    'install',
    '--no-save',
    '--ignore-scripts',
    '--include=dev',
    '--include=optional',
    '--no-audit',
    '--no-fund',
  ];
  args.push('--prefer-offline', '--no-progress', '--loglevel=error');
  console.log(installed > 0 ? 'Updating packages' : 'Installing packages, a few minutes the first time');
  const began = Date.now();
  const sign = setInterval(
    () => console.log(`  still installing, ${Math.round((Date.now() - began) / 1000)} s`),
    15_000,
  );
  const npm = process.env.npm_execpath;
  const code = await (npm?.endsWith('.js') ? runShown(process.execPath, [npm, ...args]) : runShown('npm', args));
  clearInterval(sign);
  if (code !== 0) throw new Error(`npm install ended with code ${code}; its own message is above`);
  const now = new Date();
  utimesSync(mark, now, now); // npm leaves it alone where nothing had to change
}

/** The Node that came with the packages, or undefined where npm has none for this machine. */
export function broughtNode() {
  const path = join(binaries, 'node');
  return existsSync(path) ? realpathSync(path) : undefined;
}

/**
 * Makes this checkout runnable: resolves on a supported Node with packages installed and, unless `build` is false, an
 * up-to-date dist. On an older Node it runs `script` again on the brought one and ends this process with its exit code.
 */
export async function bootstrap(script, { build = true } = {}) {
  await ensurePackages();
  const lowest = lowestNode();
  if (compareVersions(process.version, lowest) < 0) {
    const node = broughtNode();
    if (!node || process.env.GOODPART_BROUGHT === '1') {
      throw new Error(
        `Expected Node ${lowest} or newer but this is ${process.version}, and npm brought none: install one`,
      );
    }
    const env = { ...toolEnvironment(), GOODPART_BROUGHT: '1' };
    process.exit(await runShown(node, [fileURLToPath(script), ...process.argv.slice(2)], { cwd: process.cwd(), env }));
  }
  process.env.PATH = toolEnvironment().PATH;
  if (build) await (await import('./build.mjs')).buildIfStale();
}

/** Reports a failed script in one sentence and ends the process. */
export function failed(error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
