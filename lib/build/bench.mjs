// npm run bench [-- room …]: each room's measurements in its own process, one JSON object last.
import { bootstrap, failed } from './bootstrap.mjs';

bootstrap(import.meta.url)
  .then(() => import('./rooms.mjs'))
  .then(({ report }) => report('bench', { named: process.argv.slice(2), args: [], limitMs: 600_000 }))
  .then((code) => {
    process.exitCode = code;
  })
  .catch(failed);
