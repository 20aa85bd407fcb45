import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { SupervisedChild } from '../../lib/process/supervised-child.ts';

/** Takes every file descriptor there is, tries to start a child, gives them back, and prints what became of it. */
const taken: number[] = [];
try {
  for (;;) taken.push(openSync('/dev/null', 'r'));
} catch {
  // none is left: that is the point
}
const child = new SupervisedChild({
  name: 'starved',
  module: join(__dirname, 'fixture-child.js'),
  backoff: { minMs: 50, maxMs: 50, resetAfterMs: 60_000 },
});
child.on('state', (state) => {
  if (state !== 'running') return;
  process.stdout.write('runs\n');
  child.stop().catch(() => process.exit(1));
});
child.start().catch((error: Error) => {
  for (const descriptor of taken) closeSync(descriptor);
  process.stdout.write(`${error.message}\n`);
});
