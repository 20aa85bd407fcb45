import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Verdict } from '../../lib/core/inspection.ts';
import {
  type AlarmRule,
  type AlarmState,
  checkAlarmRule,
  quiet,
  resetAlarm,
  stepAlarm,
} from '../../lib/rules/alarm.ts';

const verdicts: Record<string, Verdict> = { p: 'pass', w: 'warn', f: 'fail', i: 'invalid' };

/** One part each 100 ms. */
function run(letters: string, rule: AlarmRule, from: AlarmState = quiet): AlarmState {
  return [...letters].reduce(
    (state, letter, i) => stepAlarm(state, rule, { verdict: verdicts[letter], at: i * 100 }),
    from,
  );
}

describe('rules: alarm', () => {
  const three: AlarmRule = { kind: 'consecutive', k: 3, counts: 'fail' };
  const some: AlarmRule = { kind: 'k-of-n', k: 3, n: 5, counts: 'fail' };
  const long: AlarmRule = { kind: 'duration', ms: 300, counts: 'fail' };
  const table: [string, AlarmRule, boolean][] = [
    ['fff', three, true],
    ['ffpf', three, false],
    ['ffwf', three, false],
    ['ffif', three, true],
    ['iiiiii', three, false],
    ['fiifiif', three, true],
    ['wwf', { ...three, counts: 'warn-and-fail' }, true],
    ['fpfpf', some, true],
    ['fppfpf', some, false],
    ['fpifipif', some, true],
    ['ff', some, false],
    ['fff', some, true],
    ['ffff', long, true],
    ['fff', long, false],
    ['ffpfff', long, false],
    ['fiif', long, true],
    ['fff', { ...three, minimumMs: 300 }, false],
    ['ffffff', { ...three, minimumMs: 300 }, true],
    ['ffffpff', { ...three, minimumMs: 300 }, false],
  ];
  for (const [letters, rule, latched] of table) {
    const more = JSON.stringify(rule);
    it(`${latched ? 'latches' : 'stays quiet'} after ${letters} for ${more}`, () => {
      assert.equal(run(letters, rule).latched, latched);
    });
  }

  it('stays latched through good parts until it is reset, and starts over then', () => {
    const latched = run('fffpppppppp', three);
    assert.equal(latched.latched, true);
    const after = resetAlarm();
    assert.equal(run('ff', three, after).latched, false);
    assert.equal(run('fff', three, after).latched, true);
  });

  it('is never changed by invalid parts, wherever they come', () => {
    const letters = fc.array(fc.constantFrom('p', 'w', 'f', 'i'), { maxLength: 40 });
    const rule = fc.record({ k: fc.integer({ min: 1, max: 4 }), more: fc.integer({ min: 0, max: 4 }) });
    fc.assert(
      fc.property(letters, rule, (list, { k, more }) => {
        const counting: AlarmRule = { kind: 'k-of-n', k, n: k + more, counts: 'fail' };
        const without = list.filter((letter) => letter !== 'i').join('');
        assert.deepEqual(run(list.join(''), counting).recent, run(without, counting).recent);
        assert.equal(run(list.join(''), counting).latched, run(without, counting).latched);
        const windows = [...without].map((_, i) => without.slice(Math.max(0, i + 1 - k - more), i + 1));
        const expected = windows.some((window) => window.split('f').length - 1 >= k);
        assert.equal(run(without, counting).latched, expected);
      }),
      { numRuns: 300 },
    );
  });

  it('remembers no more than it needs', () => {
    assert.equal(run('p'.repeat(500), some).recent.length, 5);
  });

  for (const [name, rule, field] of [
    ['k above n', { kind: 'k-of-n', k: 6, n: 5, counts: 'fail' }, 'rule.k'],
    ['k of 0', { kind: 'consecutive', k: 0, counts: 'fail' }, 'rule.k'],
    ['a NaN duration', { kind: 'duration', ms: Number.NaN, counts: 'fail' }, 'rule.ms'],
    ['a negative minimum', { ...three, minimumMs: -1 }, 'rule.minimumMs'],
    ['unknown defects', { ...three, counts: 'all' }, 'rule.counts'],
    ['an unknown kind', { kind: 'often', counts: 'fail' }, 'rule.kind'],
  ] as [string, AlarmRule, string][]) {
    it(`refuses a rule with ${name}, naming the field`, () => {
      assert.throws(() => checkAlarmRule(rule), { code: 'GP_CONFIG_INVALID', field });
    });
  }
});
