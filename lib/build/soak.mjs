// npm run soak [-- --seconds N room …]: each room under load for a while, in its own process, one JSON object last.
import { parseArgs } from 'node:util';
import { bootstrap, failed } from './bootstrap.mjs';

async function main() {
  await bootstrap(import.meta.url);
  const { values, positionals } = parseArgs({
    options: { seconds: { type: 'string', default: '60' } },
    allowPositionals: true,
  });
  const seconds = Number(values.seconds);
  if (!(seconds > 0)) throw new Error(`Expected a positive number for --seconds but received ${values.seconds}`);
  const { report } = await import('./rooms.mjs');
  process.exitCode = await report('soak', {
    named: positionals,
    args: [seconds],
    limitMs: (2 * seconds + 240) * 1000,
  });
}

main().catch(failed);
