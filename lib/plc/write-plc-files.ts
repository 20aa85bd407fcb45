import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { plcFiles } from './plc-files.ts';

/** `node dist/lib/plc/write-plc-files.js` from the repository's root, after a change of the tag table or of a block. */
const folder = resolve('examples/plc');
mkdirSync(folder, { recursive: true });
for (const [name, text] of Object.entries(plcFiles())) writeFileSync(join(folder, name), text);
