import assert from 'node:assert/strict';
import type { Verdict } from '../../lib/core/inspection.ts';
import { reason } from '../../lib/core/reasons.ts';
import { checkPartRule, judgePart, type PartRule } from '../../lib/rules/part.ts';

const severities: Record<Verdict, number | null> = { pass: 0.1, warn: 0.9, fail: 1.5, invalid: null };
const keys = { pass: 'none', warn: 'regionWarn', fail: 'regionFail', invalid: 'cameraLost' } as const;

/** `p`, `w`, `f`, `i` = a judged view, `-` = without a verdict yet, `.` = never came. */
const views = (letters: string) =>
  [...letters].flatMap((letter, i) => {
    const verdict = ({ p: 'pass', w: 'warn', f: 'fail', i: 'invalid' } as const)[letter] ?? null;
    if (letter === '.') return [];
    const name = String(i + 1);
    return [
      {
        name,
        verdict,
        severity: verdict && severities[verdict],
        reasons: verdict === null || verdict === 'pass' ? [] : [reason(keys[verdict], { view: name })],
      },
    ];
  });

const required = (n: number) => Array.from({ length: n }, (_, i) => String(i + 1));

describe('rules: part verdict', () => {
  const worst: [string, Verdict | null][] = [
    ['pp', 'pass'],
    ['pw', 'warn'],
    ['wf', 'fail'],
    ['pf', 'fail'],
    ['pi', 'invalid'],
    ['fi', 'invalid'],
    ['p-', null],
    ['f.', null],
    ['ppp', 'pass'],
  ];
  for (const [letters, verdict] of worst) {
    it(`worst of ${letters} is ${verdict ?? 'not known yet'}`, () => {
      const rule: PartRule = { kind: 'worst', required: required(letters.length) };
      assert.equal(judgePart(views(letters), rule)?.verdict ?? null, verdict);
    });
  }

  const votes: [string, number, Verdict | null][] = [
    ['ppp', 2, 'pass'],
    ['ppf', 2, 'pass'],
    ['pff', 2, 'fail'],
    ['pwf', 2, 'warn'],
    ['wwf', 2, 'warn'],
    ['ppi', 2, 'pass'],
    ['pfi', 2, 'invalid'],
    ['ffi', 2, 'fail'],
    ['iii', 1, 'invalid'],
    ['pp-', 2, null],
  ];
  for (const [letters, k, verdict] of votes) {
    it(`${k} of ${letters} is ${verdict ?? 'not known yet'}`, () => {
      const rule: PartRule = { kind: 'k-of-n', required: required(letters.length), k };
      assert.equal(judgePart(views(letters), rule)?.verdict ?? null, verdict);
    });
  }

  it('makes the part invalid for a missing view once nothing more comes', () => {
    const rule: PartRule = { kind: 'worst', required: ['1', '2'] };
    const judged = judgePart(views('p.'), rule, { complete: true });
    assert.equal(judged?.verdict, 'invalid');
    assert.deepEqual(
      judged?.reasons.map((why) => [why.key, why.view]),
      [['viewMissing', '2']],
    );
  });

  it('takes the worst severity, and none for invalid', () => {
    const rule: PartRule = { kind: 'worst', required: ['1', '2'] };
    assert.equal(judgePart(views('wf'), rule)?.severity, 1.5);
    assert.equal(judgePart(views('fi'), rule)?.severity, null);
  });

  it('takes the severity of the deciding frame for k of n', () => {
    assert.equal(judgePart(views('pff'), { kind: 'k-of-n', required: ['1', '2', '3'], k: 1 })?.severity, 0.1);
    assert.equal(judgePart(views('pff'), { kind: 'k-of-n', required: ['1', '2', '3'], k: 2 })?.severity, 1.5);
  });

  it('says how many pictures were good, and keeps the findings', () => {
    const judged = judgePart(views('pff'), { kind: 'k-of-n', required: ['1', '2', '3'], k: 2 });
    assert.deepEqual(
      judged?.reasons.map((why) => why.key),
      ['tooFewGoodFrames', 'regionFail', 'regionFail'],
    );
    assert.match(judged?.reasons[0].text ?? '', /1 of 3, 2 needed/);
  });

  it('gives views that are not required no say', () => {
    assert.equal(judgePart(views('pf'), { kind: 'worst', required: ['1'] })?.verdict, 'pass');
  });

  it('never passes without a view', () => {
    assert.equal(judgePart([], { kind: 'worst', required: [] })?.verdict, 'invalid');
    for (const k of [0, -1, Number.NaN, 1]) {
      assert.equal(judgePart([], { kind: 'k-of-n', required: [], k })?.verdict, 'invalid');
      if (k !== 1) assert.equal(judgePart(views('p'), { kind: 'k-of-n', required: ['1'], k })?.verdict, 'invalid');
    }
  });

  for (const [name, rule, field] of [
    ['no views', { kind: 'worst', required: [] }, 'rule.required'],
    ['one view twice', { kind: 'worst', required: ['a', 'a'] }, 'rule.required'],
    ['k above n', { kind: 'k-of-n', required: ['a'], k: 2 }, 'rule.k'],
    ['k of NaN', { kind: 'k-of-n', required: ['a'], k: Number.NaN }, 'rule.k'],
    ['an unknown kind', { kind: 'best', required: ['a'] }, 'rule.kind'],
  ] as [string, PartRule, string][]) {
    it(`refuses a rule with ${name}, naming the field`, () => {
      assert.throws(() => checkPartRule(rule), { code: 'GP_CONFIG_INVALID', field });
    });
  }
});
