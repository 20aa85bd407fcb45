import { join } from 'node:path';
import { type ChildOptions, SupervisedChild } from '../process/supervised-child.ts';

export type ChildChoice = Partial<Pick<ChildOptions, 'startMs' | 'stopMs' | 'hungMs' | 'backoff' | 'nodeFlags'>>;

/** The one child that journals, draws and encodes; not started yet. `initialise` opens the stores at each of its starts. */
export function evidenceProcess(child: ChildChoice, initialise: () => Promise<void>): SupervisedChild {
  return new SupervisedChild({
    name: 'evidence',
    module: join(__dirname, 'evidence-child.js'),
    startMs: 60_000,
    hungMs: 5_000,
    stopMs: 5_000,
    backoff: { minMs: 100, maxMs: 5_000, resetAfterMs: 10_000 },
    // glibc's many arenas and V8's young generation would go on growing for tens of thousands of records (measured)
    env: { UV_THREADPOOL_SIZE: '8', MALLOC_ARENA_MAX: '2' },
    nodeFlags: ['--max-semi-space-size=8'],
    // drawing and compressing the last picture must not hold up the next verdict
    niceness: 5,
    ...child,
    initialise,
  });
}
