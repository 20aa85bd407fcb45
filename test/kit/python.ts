import { spawnSync } from 'node:child_process';
import { needs } from './needs.ts';

const known = new Map<string, string | undefined>();

/**
 * A Python that has the modules: `GOODPART_TEST_PYTHON` (CI's virtual environment, `.ci/python.d`) or the system's. Where neither has them
 * the test is skipped as `needs` skips; the path returned is then not used.
 */
export function pythonWith(context: Mocha.Context, ...modules: string[]): string {
  const module = modules.join(', ');
  if (!known.has(module)) {
    const candidates = [process.env.GOODPART_TEST_PYTHON, '/usr/bin/python3'].filter((path) => path !== undefined);
    const has = (python: string) => spawnSync(python, ['-c', `import ${module}`], { stdio: 'ignore' }).status === 0;
    known.set(module, candidates.find(has));
  }
  const python = known.get(module);
  needs(context, `a Python with ${module}`, python !== undefined);
  return python ?? '';
}
