import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { registerMapCsv } from './register-map.ts';

/** `node dist/lib/plc/write-register-map.js` from the repository's root, after a change of the tag table. */
const path = resolve('examples/plc/register-map.csv');
mkdirSync(dirname(path), { recursive: true });
writeFileSync(path, registerMapCsv(0));
