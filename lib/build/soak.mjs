// npm run soak [-- --seconds N | --inspections N room …]: each room under load for a while, in its own process, one JSON object last.
// Rooms that inspect (scoring, nodes) take a number of inspections instead of a time; name them.
import { parseArgs } from 'node:util';
import { bootstrap, failed } from './bootstrap.mjs';

async function main() {
  await bootstrap(import.meta.url);
  const { values, positionals } = parseArgs({
    options: { seconds: { type: 'string', default: '60' }, inspections: { type: 'string' } },
    allowPositionals: true,
  });
  const seconds = Number(values.seconds);
  if (!(seconds > 0)) throw new Error(`Expected a positive number for --seconds but received ${values.seconds}`);
  const inspections = values.inspections === undefined ? undefined : Number(values.inspections);
  if (inspections !== undefined && !(Number.isInteger(inspections) && inspections > 0)) {
    throw new Error(`Expected a positive whole number for --inspections but received ${values.inspections}`);
  }
  const { report } = await import('./rooms.mjs');
  process.exitCode = await report('soak', {
    named: positionals,
    args: inspections === undefined ? [seconds] : [seconds, inspections],
    // a station that makes fewer than eight a second is stuck
    limitMs: inspections === undefined ? (2 * seconds + 240) * 1000 : 120_000 + inspections * 125,
  });
}

main().catch(failed);
