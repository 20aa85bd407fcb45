import { z } from 'zod';
import { faultTable } from '../core/faults.ts';
import { modeCodes, type StationMode } from '../core/inspection.ts';
import { type Ne107, ne107Codes } from '../core/ne107.ts';
import { reason, reasonKeyOf, reasonTable } from '../core/reasons.ts';
import type { StationSnapshot } from '../core/snapshot.ts';

const text = z.string().max(500);
const mode = z.enum(['offline', 'commissioning', 'shadow', 'run']);
const count = z.int().min(0);

/**
 * How a station is, to be kept by a broker for whoever comes later. The last will of the connection is the same document with `state`
 * `gone` and nothing else: whatever else a reader knows of the station is then old.
 */
export const statusSchema = z.object({
  schema: z.literal(1),
  kind: z.literal('status'),
  state: z
    .enum(['ready', 'not-ready', 'offline', 'fault', 'gone'])
    .describe(
      'ready: takes triggers, or is inspecting as many parts as it may; gone: nothing is known, by last will or at its end',
    ),
  line: text.optional(),
  station: text.optional(),
  text: text.optional().describe('One sentence: what it is doing, or what it lacks'),
  mode: mode.optional(),
  ready: z.boolean().optional(),
  notReady: z.object({ code: z.int(), key: text, text }).nullable().optional(),
  fault: z.object({ code: z.int(), text }).nullable().optional().describe('The most urgent, with the PLC’s FaultCode'),
  faults: z
    .array(z.object({ code: z.int(), source: text, text }))
    .max(16)
    .optional(),
  ne107: z
    .object({
      code: z.int().min(0).max(4),
      word: z.enum(['good', 'failure', 'functionCheck', 'outOfSpecification', 'maintenance']),
    })
    .optional(),
  conditions: z
    .array(z.object({ kind: text, text }))
    .max(16)
    .optional(),
  health: z
    .object({
      camera: z.boolean(),
      engine: z.boolean(),
      evidence: z.boolean(),
      clockSynchronised: z.boolean(),
      degraded: z.boolean(),
      notValidated: z.boolean(),
      simulated: z.boolean(),
    })
    .optional(),
  alarm: z.object({ code: z.int(), text }).nullable().optional(),
  recipe: z.object({ number: z.int(), version: z.int(), name: text }).nullable().optional(),
  counters: z
    .object({
      total: count,
      pass: count,
      warn: count,
      fail: count,
      invalid: count,
      missed: count,
      evidenceLost: count,
      resultsOverrun: count,
    })
    .optional()
    .describe('As the PLC reads them'),
  sequence: count.optional().describe('Of the newest result'),
  bootId: z.int().optional().describe('Another one: the station was started anew'),
  software: z.object({ package: text, version: text, node: text }).optional(),
  utc: text.optional(),
});

export type StatusJson = z.infer<typeof statusSchema>;

/** The last will, and what is said at an orderly end. */
export const goneStatus = { schema: 1, kind: 'status', state: 'gone' } as const satisfies StatusJson;

export interface StatusInput {
  snapshot: StationSnapshot;
  faults: readonly { source: string; code: number; text: string }[];
  conditions: readonly { kind: string; text: string }[];
  alarm: { code: number; text: string } | null;
  recipe: { number: number; version: number; name: string } | null;
  software: { package: string; version: string; node: string };
  utc: string;
}

const texts = new Map(reasonTable().map(({ code, text }) => [code, text]));
const faultTexts = new Map(faultTable().map(({ code, en }) => [code, en]));
const modes = new Map(Object.entries(modeCodes).map(([word, code]) => [code, word as StationMode]));
const words = new Map(Object.entries(ne107Codes).map(([word, code]) => [code, word as Ne107]));
/** To be busy with parts is no hindrance that anybody outside of the line can do something about. */
const busy = reason('tooManyOpen').code;

/** Pure. `state` is the most urgent of fault, offline, not ready. */
export function statusJson({ snapshot, faults, conditions, alarm, recipe, software, utc }: StatusInput): StatusJson {
  const { health, notReadyReason, faultCode } = snapshot;
  const word = modes.get(snapshot.mode) ?? 'offline';
  const ready = notReadyReason === 0 || notReadyReason === busy;
  const why = texts.get(notReadyReason) ?? `Reason ${notReadyReason}`;
  const notReady = ready ? null : { code: notReadyReason, key: reasonKeyOf(notReadyReason) ?? 'none', text: why };
  const faultText = faults[0]?.text ?? faultTexts.get(faultCode) ?? `Fault ${faultCode}`;
  const fault = faultCode === 0 ? null : { code: faultCode, text: cut(faultText) };
  const state = fault !== null ? 'fault' : word === 'offline' ? 'offline' : ready ? 'ready' : 'not-ready';
  return {
    ...{ schema: 1, kind: 'status', state, line: cut(snapshot.line), station: cut(snapshot.station) },
    text: fault?.text ?? notReady?.text ?? 'Ready',
    ...{ mode: word, ready, notReady, fault },
    faults: faults.slice(0, 16).map(({ code, source, text }) => ({ code, source: cut(source), text: cut(text) })),
    ne107: { code: snapshot.ne107, word: words.get(snapshot.ne107) ?? 'good' },
    conditions: conditions.slice(0, 16).map(({ kind, text }) => ({ kind, text: cut(text) })),
    health: {
      ...{ camera: health.cameraOk, engine: health.engineOk, evidence: health.evidenceOk },
      ...{ clockSynchronised: health.clockSynchronised, degraded: health.degraded },
      ...{ notValidated: health.notValidated, simulated: health.simulated },
    },
    alarm: alarm && { code: alarm.code, text: cut(alarm.text) },
    recipe: recipe && { number: recipe.number, version: recipe.version, name: cut(recipe.name) },
    ...{ counters: { ...snapshot.counters }, sequence: snapshot.lastSequence, bootId: snapshot.bootId, software, utc },
  };
}

/** Whether two say the same to whoever waits for news: with every part counters grow, and that alone is none. */
export function sameStatus(a: StatusJson, b: StatusJson): boolean {
  const news = ({ counters, sequence, utc, ...rest }: StatusJson) => JSON.stringify(rest);
  return news(a) === news(b);
}

function cut(value: string): string {
  return value.slice(0, 500);
}
