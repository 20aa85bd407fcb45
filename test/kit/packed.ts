import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from './needs.ts';
import { tempDir } from './temp.ts';

const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', '--fetch-retries=1'];
/** No test goes on meanwhile, so none could time out. */
const npmLimitMs = 200_000;

function npm(cwd: string, ...args: string[]): string {
  // npm hands its own settings down to what it runs: without this, `npm test` would decide how we pack. But where its files are is how the
  // registry is reached: ours is another npm, which does not look where the system's does for a company's certificates and proxies.
  const kept = (name: string) => !/^npm_/i.test(name) || /^npm_config_(global|user)config$/i.test(name);
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => kept(name)));
  const run = { cwd, env, timeout: npmLimitMs };
  return execFileSync('npm', [...args, ...quiet], { ...run, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

export interface Tarball {
  path: string;
  /** Paths inside the package. */
  files: string[];
  /** Unpacked, bytes. */
  size: number;
}

let tarball: Tarball | undefined;

/** The package as it would be published, from what is built now; packed once for each test process. */
export function packOnce(): Tarball {
  if (tarball) return tarball;
  const folder = tempDir('packed');
  const [report] = JSON.parse(npm(repositoryRoot, 'pack', '--json', '--pack-destination', folder)) as {
    filename: string;
    unpackedSize: number;
    files: { path: string }[];
  }[];
  const files = report.files.map(({ path }) => path);
  tarball = {
    path: join(folder, report.filename.replace('@', '').replace('/', '-')),
    files,
    size: report.unpackedSize,
  };
  return tarball;
}

let installed: string | undefined;

/** A userDir into which npm installed the tarball, as a user's `npm install` would, but for scripts. Made once for each test process. */
export function userDirWithPackage(): string {
  if (!installed) {
    installed = tempDir('user-dir');
    writeFileSync(join(installed, 'package.json'), '{"name":"node-red-project","private":true,"version":"0.0.1"}\n');
    npm(installed, 'install', packOnce().path, '--prefer-offline', '--omit=dev');
  }
  return installed;
}

/** A userDir that has this checkout linked in, as npm would link it: the fast way for tests of behaviour. */
export function userDirWithCheckout(): string {
  const folder = tempDir('user-dir');
  const scope = join(folder, 'node_modules/@goodpart');
  mkdirSync(scope, { recursive: true });
  symlinkSync(repositoryRoot, join(scope, 'node-red-inspection'), 'dir');
  return folder;
}
