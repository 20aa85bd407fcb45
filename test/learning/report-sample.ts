import { gaussian, seededRandom } from '../../lib/core/random.ts';
import { clopperPearson } from '../../lib/learning/limits/intervals.ts';
import { statementOf } from '../../lib/learning/limits/statement.ts';
import { proposeThresholds } from '../../lib/learning/limits/thresholds.ts';
import { checkScores, type Finding } from '../../lib/learning/pictures/checks.ts';
import { coverageOf } from '../../lib/learning/pictures/coverage.ts';
import { composeReport, type Subject } from '../../lib/learning/report/compose.ts';
import type { LearningReport } from '../../lib/learning/report/learning-report.ts';
import type { SensitivityCurve } from '../../lib/learning/sensitivity/sensitivity.ts';

export const hostile = '/parts/</script><img src=x onerror="document.title=1">\u202egnp.jpg';

const images = 200;
export const digestOf = (picture: number) => picture.toString(16).padStart(64, '0');

function curve(contrast: number, found: number[]): SensitivityCurve {
  const sizes = [2, 4.6, 10.2, 23, 51.2];
  const trials = 20;
  const points = sizes.map((pixels, i) => {
    const interval = clopperPearson(found[i], trials);
    return {
      size: pixels / 256,
      pixels,
      warned: found[i],
      failed: found[i],
      warnInterval: interval,
      failInterval: interval,
    };
  });
  const first = points.find(({ failed }) => failed >= 19);
  const smallest = first ? { ...first, found: first.failed, interval: first.failInterval } : null;
  return { kind: 'scratch', contrast, trials, points, smallest: { warn: smallest, fail: smallest } };
}

/** A small grey JPEG that any browser shows. */
export const jpeg = Buffer.from(
  '/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////wgALCAABAAEBAREA/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQABPxA=',
  'base64',
);

/** What goes into a report: 200 good pictures of which one has a hostile name and stands out, and what else can be said. */
export function sampleSubject(change: Partial<Subject['summary']> = {}): Subject {
  const random = seededRandom(7);
  const goodScores = Array.from({ length: images }, () => 2 + 0.6 * gaussian(random));
  goodScores[3] = 11;
  const used = goodScores.map((_, i) => ({ label: i === 3 ? hostile : `/parts/part ${i}.png`, digest: digestOf(i) }));
  const [labels, digests] = [used.map(({ label }) => label), used.map(({ digest }) => digest)];
  const thresholds = proposeThresholds(goodScores, { warn: 0.05, fail: 0.004 });
  const coverage = coverageOf(
    used.map((_, i) => ({ shift: i % 3 ? 'early' : 'late' })),
    { shifts: ['early', 'late', 'night'] },
  );
  const copy: Finding = {
    ...{ picture: 9, ...used[9], kind: 'duplicate', value: 0.98, limit: 0.95 },
    reason: 'Shows the same part as part 8.png.',
    of: { picture: 8, ...used[8] },
  };
  const blurred: Finding = {
    ...{ picture: 3, ...used[3], kind: 'blurred', value: 0.5, limit: 0.8 },
    reason: 'Its edges are 50 % as sharp as in pictures that look like it.',
  };
  const curves = [curve(20, [0, 0, 1, 6, 11]), curve(50, [0, 2, 11, 20, 20])];
  const about = { name: '', version: '', sha256: '' };
  return {
    model: { ...about, name: 'bracket <left>', version: '4', sha256: 'ab'.repeat(32) },
    createdAt: '2026-01-02T03:04:05.678Z',
    seed: 1,
    size: { width: 256, height: 256 },
    thresholds,
    parent: { version: '3', sha256: 'cd'.repeat(32) },
    used,
    thumbnail: async () => jpeg,
    summary: {
      images,
      skipped: [{ path: '/parts/torn.png', reason: 'Expected an undamaged picture' }],
      excluded: [],
      goodScores,
      highest: [],
      median: thresholds.median,
      warn: thresholds.warn.value,
      fail: thresholds.fail.value,
      rois: [],
      statement: statementOf(thresholds, images),
      features: 'fixed bank',
      head: 'gaussian',
      headReason: 'It found more of the drawn defects.',
      findings: [blurred, copy, ...checkScores(goodScores, labels, digests)],
      clusters: {
        ...{ by: 'texture', count: 2, sizes: [150, 50], separation: 9, sentence: 'This looks like 2 products.' },
        of: goodScores.map((_, i) => (i < 150 ? 0 : 1)),
        examples: [
          [20, 21],
          [160, 161],
        ].map((list) => list.map((picture) => ({ picture, label: labels[picture] }))),
      },
      coverage,
      provisional: coverage.provisional,
      sensitivity: {
        regions: [{ index: null, name: 'whole picture', curves, above: 0, statement: 'Finds scratches.' }],
        ...{ runs: 400, pictures: 20, seed: 1, statement: 'Defects drawn by a program.' },
      },
      defects: null,
      repeatability: null,
      ...change,
    },
  };
}

export const sampleReport = (change: Partial<Subject['summary']> = {}): Promise<LearningReport> =>
  composeReport(sampleSubject(change));
