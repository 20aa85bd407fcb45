import { z } from 'zod';
import { type Inspection, inferenceMs, type ScoreResult, type View, verdictCodes } from '../core/inspection.ts';
import type { Reason } from '../core/reasons.ts';
import { worstOf } from './results.ts';

const longestText = 500;
const most = { reasons: 32, rois: 64, models: 16 } as const;

const text = z.string().max(longestText);
/** Finite, or null where there is none: JSON has no NaN. */
const number = z.number().nullable();
const milliseconds = number.describe('Milliseconds since the trigger; null where this was not reached');
const verdict = z.enum(['pass', 'warn', 'fail', 'invalid']);
const code = z.int().min(1).max(4).describe('As the PLC reads it: 1 pass, 2 warn, 3 fail, 4 invalid');

/**
 * One closed inspection for the world outside of the line: message brokers, databases, manufacturing systems. No pictures, bounded
 * texts. Fields are only ever added to version 1.
 */
export const resultSchema = z.object({
  schema: z.literal(1),
  kind: z.literal('result'),
  id: text.describe('Of the inspection and of its evidence record'),
  line: text,
  station: text,
  sequence: z
    .int()
    .min(0)
    .describe('Grows by 1 within a boot, never repeats; a gap within a boot is a result that was not received'),
  triggerId: z.int().describe('The PLC’s number, 0 where there is none'),
  part: text.describe('The part id, as it came from outside'),
  verdict: verdict.describe('invalid: not inspected, neither good nor a defect'),
  code,
  accept: z.boolean().describe('pass, or warn where the recipe accepts warns'),
  severity: number.describe('0 a typical good part, 1 exactly the limit'),
  score: number.describe('Of the worst view, in the model’s units'),
  worstRoi: z.int().min(0).max(16).describe('1..16, 0 none'),
  reasons: z
    .array(z.object({ code: z.int(), key: text, text, view: text.optional(), roi: text.optional() }))
    .max(most.reasons),
  rois: z
    .array(
      z.object({
        view: text,
        index: z.int(),
        name: text,
        verdict,
        code,
        severity: number,
        score: number,
        warn: number,
        fail: number,
      }),
    )
    .max(most.rois),
  recipe: z.object({ number: z.int(), version: z.int(), name: text }).nullable(),
  validation: z.enum(['validated', 'not-validated', 'override']).nullable(),
  models: z
    .array(
      z.object({
        ...{ view: text, name: text, version: text, sha256: text, engine: text, provider: text },
        stage: z
          .enum(['first', 'verify', 'classify'])
          .describe('verify: the second model, asked in doubt; classify: it names the defect and decides nothing'),
        decided: z.boolean().describe('The view’s verdict, severity and regions are of this model’s score'),
        severity: number.describe('By this model’s own limits; null where it has none or decided nothing'),
        ms: number.describe('With its waiting and decoding'),
      }),
    )
    .max(most.models),
  defect: z
    .object({
      class: z.int().min(0).describe('As the PLC reads it; 0 not known'),
      name: text,
      confidence: number.describe('0..1'),
    })
    .nullable()
    .describe('What a classifier calls the defect of the worst view; null where none was asked'),
  mode: z.enum(['offline', 'commissioning', 'shadow', 'run']),
  shadow: z.boolean().describe('The PLC was not told this verdict'),
  simulated: z.boolean().describe('The picture was drawn, not taken'),
  challenge: z.int().describe('Number of the challenge part that was shown on purpose; 0 an ordinary part'),
  utc: z.object({
    trigger: text,
    published: text.nullable().describe('Null where the station was restarted meanwhile'),
  }),
  ms: z.object({
    exposed: milliseconds,
    scored: milliseconds,
    judged: milliseconds,
    published: milliseconds,
    inference: number.describe(
      'The models of the view that took longest, with waiting and decoding; null where none ran',
    ),
  }),
});

export type ResultJson = z.infer<typeof resultSchema>;

/** What is told of a closed inspection. Pure; takes what the ledger's `closed` event gives. */
export function resultJson(inspection: Inspection): ResultJson {
  const { trigger, recipe, validation, views, timings, mode } = inspection;
  const word = inspection.verdict ?? 'invalid';
  const { score, worstRoi, defectClass } = worstOf(views, word);
  const inference = views.flatMap((view) => (view.score ? [inferenceMs(view)] : []));
  const { exposed, scored, judged, published } = timings;
  return {
    ...{ schema: 1, kind: 'result', id: inspection.id },
    ...{ line: cut(inspection.line), station: cut(inspection.station), sequence: inspection.sequence },
    ...{ triggerId: trigger.triggerId, part: cut(inspection.part.id) },
    ...{ verdict: word, code: verdictCodes[word], accept: inspection.accept },
    ...{ severity: finite(inspection.severity), score: finite(score), worstRoi },
    reasons: inspection.reasons.slice(0, most.reasons).map(reasonOf),
    rois: views.flatMap(roisOf).slice(0, most.rois),
    recipe: recipe && { number: recipe.number, version: recipe.version, name: cut(recipe.name) },
    validation: validation?.state ?? null,
    models: views.flatMap(modelsOf).slice(0, most.models),
    defect: defectClass && {
      ...{ class: defectClass.number, name: cut(defectClass.name), confidence: finite(defectClass.confidence) },
    },
    ...{ mode, shadow: mode === 'shadow', simulated: inspection.simulated, challenge: inspection.challenge },
    utc: { trigger: cut(trigger.utc), published: after(trigger.utc, published) },
    ms: {
      ...{ exposed: finite(exposed), scored: finite(scored), judged: finite(judged), published: finite(published) },
      inference: inference.length === 0 ? null : finite(Math.max(...inference)),
    },
  };
}

function reasonOf({ code, key, text, view, roi }: Reason): ResultJson['reasons'][number] {
  return {
    ...{ code, key, text: cut(text) },
    ...(view !== undefined && { view: cut(view) }),
    ...(roi !== undefined && { roi: cut(roi) }),
  };
}

function roisOf({ name: view, rois }: View): ResultJson['rois'] {
  return rois.map(({ index, name, verdict, severity, value, warn, fail }) => ({
    ...{ view: cut(view), index, name: cut(name), verdict, code: verdictCodes[verdict] },
    ...{ severity: finite(severity), score: finite(value), warn: finite(warn), fail: finite(fail) },
  }));
}

function modelsOf({ name: view, score, verify, defectClass, severity, verdict }: View): ResultJson['models'] {
  type Told = ResultJson['models'][number];
  const told = (
    by: Pick<ScoreResult, 'model' | 'engine' | 'provider' | 'timings'>,
    more: Pick<Told, 'stage' | 'decided' | 'severity'>,
  ): Told => {
    const { name, version, sha256 } = by.model;
    return {
      ...{ view: cut(view), name: cut(name), version: cut(version), sha256: cut(sha256) },
      ...{ engine: by.engine, provider: cut(by.provider), ms: finite(by.timings.total), ...more },
    };
  };
  const second = verify?.decidedBy === 'second';
  const first = verify === undefined ? verdict !== null : verify.decidedBy === 'first';
  const firstSeverity = finite(verify?.first ? verify.first.severity : severity);
  return [
    ...(score ? [told(score, { stage: 'first', decided: first, severity: firstSeverity })] : []),
    ...(verify?.score
      ? [told(verify.score, { stage: 'verify', decided: second, severity: second ? finite(severity) : null })]
      : []),
    ...(defectClass?.by ? [told(defectClass.by, { stage: 'classify', decided: false, severity: null })] : []),
  ];
}

/** `ms` after an instant in UTC; null where one of them is none. */
function after(utc: string, ms: number | null): string | null {
  const at = Date.parse(utc) + (ms ?? Number.NaN);
  return Number.isFinite(at) ? new Date(at).toISOString() : null;
}

function finite(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null;
}

/** Never in the middle of a character. */
function cut(value: string): string {
  return value.length <= longestText ? value : value.slice(0, longestText).replace(/[\uD800-\uDBFF]$/u, '');
}
