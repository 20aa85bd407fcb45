import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { repositoryRoot, wants } from '../kit/needs.ts';
import { tempDir } from '../kit/temp.ts';
import { type Agreement, compare, type Results, readResults, table } from './anomalib/compare.ts';

/**
 * Anomalib is the judge, but no system package: a machine has it or not. GOODPART_ANOMALIB_PYTHON: Pythons that have it, separated by
 * colons (make_exports.py says how one is made); else python3 is asked. GOODPART_ANOMALIB_EXPORTS: folders that make_exports.py has
 * filled before. GOODPART_ANOMALIB_FULL=1: all variants, and frames larger than the input. Without any of it the importer is
 * still tested on graphs with the same contracts (import-anomalib-contracts.test.ts), in CI too.
 */
const { GOODPART_ANOMALIB_PYTHON, GOODPART_ANOMALIB_EXPORTS, GOODPART_ANOMALIB_FULL } = process.env;

function pythons(): string[] {
  if (GOODPART_ANOMALIB_PYTHON) return GOODPART_ANOMALIB_PYTHON.split(':');
  const find = 'import importlib.util, sys; sys.exit(importlib.util.find_spec("anomalib") is None)';
  return spawnSync('python3', ['-c', find], { stdio: 'ignore' }).status === 0 ? ['python3'] : [];
}

function exportedBy(python: string): string {
  const out = tempDir('anomalib');
  const script = join(repositoryRoot, 'test/scoring/anomalib/make_exports.py');
  const done = spawnSync(python, [script, out, ...(GOODPART_ANOMALIB_FULL ? [] : ['--fast'])], { encoding: 'utf8' });
  assert.equal(done.status, 0, `${python} ${script}: ${done.stderr.slice(-2000)}`);
  return out;
}

describe('an anomalib export, scored by anomalib and by us', function () {
  this.timeout(3_600_000);
  const made = GOODPART_ANOMALIB_EXPORTS?.split(':') ?? [];
  const found = made.length > 0 ? [] : pythons();

  if (made.length + found.length === 0) {
    it('is judged where a Python has anomalib (GOODPART_ANOMALIB_PYTHON)', function () {
      wants(this, 'anomalib', false);
    });
  }

  for (const source of [...made, ...found]) {
    it(`agrees in score to 1e-3 and in map position to one pixel: ${source}`, async () => {
      const dir = made.includes(source) ? source : exportedBy(source);
      const results: Results = readResults(dir);
      const agreements: Agreement[] = [];
      for (const each of results.cases) agreements.push(...(await compare(dir, each)));
      console.log(table(results, agreements));
      const models = new Set(results.cases.map(({ model }) => model));
      for (const model of ['patchcore', 'padim', 'efficientad', 'stfpm'])
        assert.ok(models.has(model), `no export of ${model}`);
      assert.deepEqual(results.failures, []);
      for (const { case: name, scale, score, predScore, peak, labels } of agreements) {
        if (scale !== 1) continue;
        assert.ok(score <= 1e-3, `${name}: score deviates by ${score}`);
        assert.ok(predScore <= 1e-3, `${name}: reported score deviates by ${predScore}`);
        assert.ok(peak <= 1, `${name}: the map's maximum lies ${peak} pixels away`);
        assert.ok(!labels, `${name}: ${labels} pictures are labelled otherwise`);
      }
    });
  }
});
