import { join } from 'node:path';
import { SupervisedChild } from '../../lib/process/supervised-child.ts';

/** A parent with one child, to be killed: prints the child's pid when it runs. Arguments: what the child does, file, outlives. */
const [atStart, file = '', outlives = ''] = process.argv.slice(2);
const child = new SupervisedChild({
  name: 'orphan to be',
  module: join(__dirname, 'fixture-child.js'),
  args: [atStart, file],
  outlivesParent: outlives === 'outlives',
  hungMs: 0,
});
child.start().then(
  () => process.stdout.write(`${child.stats().pid}\n`),
  (error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  },
);
