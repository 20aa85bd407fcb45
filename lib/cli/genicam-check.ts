import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Check } from './checks.ts';

const run = promisify(execFile);

const script = `
const { loadAravis } = require('../capture/genicam/aravis.js');
const { findCameras } = require('../capture/genicam/discover.js');
const origin = process.argv[1] ? { library: process.argv[1] } : undefined;
loadAravis(origin).then(async (aravis) => {
  const ids = (await findCameras(aravis)).map(({ id, address }) => id + (address ? ' at ' + address : ''));
  process.stdout.write(JSON.stringify({ version: aravis.version, ids }));
}, (error) => process.stdout.write(JSON.stringify({ error: error.message })));
`;

interface Answer {
  version?: string;
  ids?: string[];
  error?: string;
}

/** GenICam cameras: whether libaravis can be loaded, and who answers. In a process of its own: it is foreign code. */
export const genicamCheck = {
  name: 'cameras (GenICam)',
  check: async ({ library = '' }: { library?: string } = {}): Promise<Omit<Check, 'name'>> => {
    const args = ['--no-warnings', '-e', script, library];
    const { stdout } = await run(process.execPath, args, { cwd: __dirname, timeout: 20_000 });
    const { version, ids = [], error } = JSON.parse(stdout) as Answer;
    if (error !== undefined) {
      const [, what = 'libaravis', advice = error] = /^GenICam cameras need (.*?): (.*)$/.exec(error) ?? [];
      const needed = `Only GigE Vision and USB3 Vision cameras need it: ${advice}`;
      return { state: 'note', found: `${what} is missing`, advice: needed };
    }
    const found = ids.length > 0 ? ids.join(', ') : 'no camera answers now';
    return { state: 'ok', found: `libaravis ${version}, ${found}`, advice: '' };
  },
};
