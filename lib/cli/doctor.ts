import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Check, checks } from './checks.ts';

export const doctorUsage = `goodpart doctor [--json] [--userDir DIR]

  --json           one JSON object instead of lines
  -u, --userDir    Node-RED's user directory (default: $NODE_RED_HOME or ~/.node-red)

Exit code 0: everything needed is here. 1: something is missing.`;

export interface DoctorReport {
  schema: 1;
  ok: boolean;
  userDir: string;
  checks: Check[];
}

/** Runs every check; one that fails in an unforeseen way counts as missing and says so. */
export async function examine(userDir: string): Promise<DoctorReport> {
  const results: Check[] = [];
  for (const { name, check } of checks) {
    try {
      results.push({ name, ...(await check({ userDir })) });
    } catch (error) {
      const found = error instanceof Error ? error.message : String(error);
      results.push({ name, state: 'missing', found, advice: 'This check itself failed: please report it.' });
    }
  }
  return { schema: 1, ok: results.every(({ state }) => state !== 'missing'), userDir, checks: results };
}

const signs: Record<Check['state'], string> = { ok: 'ok', note: 'note', missing: 'MISSING' };

function asLines({ ok, userDir, checks: results }: DoctorReport): string {
  const lines = results.flatMap(({ name, state, found, advice }) => [
    `${signs[state].padEnd(8)} ${name.padEnd(22)} ${found}`,
    ...(advice ? [`${' '.repeat(32)}${advice}`] : []),
  ]);
  const verdict = ok ? 'Everything needed is here.' : 'Something is missing: see above.';
  return [`Goodpart doctor, user directory ${userDir}`, '', ...lines, '', verdict].join('\n');
}

export async function doctor({ json, userDir }: { json: boolean; userDir?: string }): Promise<number> {
  const report = await examine(resolve(userDir ?? process.env.NODE_RED_HOME ?? join(homedir(), '.node-red')));
  console.log(json ? JSON.stringify(report, null, 2) : asLines(report));
  return report.ok ? 0 : 1;
}
