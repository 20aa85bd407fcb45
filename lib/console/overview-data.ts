import { captionOf } from '../core/caption.ts';
import {
  decidingScore,
  type Inspection,
  modeCodes,
  type StationMode,
  type ValidationState,
  type Verdict,
} from '../core/inspection.ts';
import { reasonTable } from '../core/reasons.ts';
import type { Counters, StationSnapshot } from '../core/snapshot.ts';
import type { Rates } from '../monitor/sliding-rates.ts';
import type { ShadowView } from '../station/version-list.ts';

/** What the page needs of one station. Whatever is not known is left out, and the page says so or stays silent. */
export interface StationView {
  snapshot: StationSnapshot;
  /** Newest closed inspection of this boot, and when it was closed (monotonic milliseconds). */
  last?: { inspection: Inspection; closedAt: number } | null;
  /** What is wrong or degraded, in whole words, most urgent first. */
  faults?: { text: string; degraded?: boolean }[];
  /** What is said of light, lens and place (NE 107), in whole words, most urgent first. */
  conditions?: { text: string }[];
  /** Why a trigger would be refused now, in words; else the snapshot's reason number is looked up. */
  notReadyText?: string;
  recipe?: { number: number; version: number; name: string } | null;
  /** What takes over as soon as its models are loaded. */
  preparing?: { number: number; version: number } | null;
  /** The version in shadow. */
  shadow?: Pick<ShadowView, 'number' | 'version' | 'beside' | 'since' | 'text' | 'trouble'> | null;
  /** What is loaded now; else the model of the newest inspection. */
  model?: { name: string; version: string; engine: string; provider: string } | null;
  alarmText?: string;
  rates?: Rates;
  evidence?: { ok: boolean; text: string; waiting?: number } | null;
  endpoints?: EndpointView[];
}

export interface EndpointView {
  name: string;
  protocol: 'Modbus TCP' | 'OPC UA';
  address: string;
  ok: boolean;
  text: string;
  clients: number;
}

export type Condition = 'ready' | 'busy' | 'not-ready' | 'fault' | 'offline';

export interface StationCard {
  id: string;
  line: string;
  station: string;
  mode: StationMode;
  simulated: boolean;
  condition: Condition;
  /** One sentence of plain words: what the station is doing, or what it lacks. */
  headline: string;
  /** What a person should know beside that, most urgent first. */
  notes: { level: 'fault' | 'warning' | 'note'; text: string }[];
  last: LastVerdict | null;
  /** Up to 8 of this boot, newest first. */
  recent: { verdict: Verdict; severity: number | null }[];
  counters: Counters;
  rates: Rates | null;
  recipe: string | null;
  /** The version in shadow, its figures in a sentence, and what keeps it from being compared. */
  shadow: { version: string; text: string; trouble: string | null } | null;
  model: { name: string; version: string; engine: string; provider: string } | null;
  validation: Pick<ValidationState, 'state' | 'detail'> | null;
  alarm: { code: number; text: string } | null;
  evidence: { ok: boolean; text: string; waiting: number; lost: number } | null;
  endpoints: EndpointView[];
}

export interface LastVerdict {
  verdict: Verdict;
  accept: boolean;
  severity: number | null;
  score: number | null;
  reason: string;
  partId: string;
  sequence: number;
  ageMs: number;
  cycleMs: number | null;
  inferenceMs: number | null;
}

export interface OverviewData {
  schema: 1;
  /** Of this answer, UTC. */
  at: string;
  version: string;
  stations: StationCard[];
}

const texts = new Map(reasonTable().map(({ code, text }) => [code, text]));
const modes = new Map(Object.entries(modeCodes).map(([mode, code]) => [code, mode as StationMode]));
const verdictsByCode: Verdict[] = ['pass', 'warn', 'fail', 'invalid'];
const faultKinds = ['', 'camera', 'engine or model', 'recipe or validation', 'evidence or disk', 'station itself'];

function finite(value: number | null | undefined): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function conditionOf({ status, mode, faultCode }: StationSnapshot): Condition {
  if (status.fault || faultCode !== 0) return 'fault';
  if (mode === modeCodes.offline) return 'offline';
  if (status.busy) return 'busy';
  return status.ready ? 'ready' : 'not-ready';
}

function headlineOf(view: StationView, condition: Condition): string {
  const { snapshot, faults = [] } = view;
  const why = view.notReadyText ?? texts.get(snapshot.notReadyReason) ?? `Reason ${snapshot.notReadyReason}`;
  switch (condition) {
    case 'fault': {
      const kind = faultKinds[Math.floor(snapshot.faultCode / 100)] ?? 'station itself';
      return faults.find(({ degraded }) => !degraded)?.text ?? `Fault ${snapshot.faultCode} of the ${kind}`;
    }
    case 'busy':
      return snapshot.open === 1 ? 'Inspecting one part' : `Inspecting ${snapshot.open} parts`;
    case 'ready':
      return 'Ready for the next part';
    default:
      return why;
  }
}

function notesOf(view: StationView, headline: string): StationCard['notes'] {
  const { snapshot, faults = [], conditions = [], evidence } = view;
  const { health, status } = snapshot;
  const notes: StationCard['notes'] = [];
  const add = (level: StationCard['notes'][number]['level'], text: string) => {
    if (text !== headline && !notes.some((note) => note.text === text)) notes.push({ level, text });
  };
  for (const { text, degraded } of faults) add(degraded ? 'warning' : 'fault', text);
  for (const { text } of conditions) add('warning', text);
  if (evidence && !evidence.ok) add('fault', evidence.text);
  if (health.notValidated) add('warning', 'The thresholds are not validated for what is running');
  if (health.degraded && !faults.some(({ degraded }) => degraded))
    add('warning', 'An engine is slower or does less than configured');
  if (status.overrun) add('warning', 'The PLC has not taken all results');
  if (health.challengeDue) add('warning', 'A challenge part is due');
  if (snapshot.mode === modeCodes.shadow) add('note', 'Shadow: verdicts are made and recorded, the PLC gets none');
  const { challenge = 0 } = view.last?.inspection ?? {};
  if (challenge > 0) add('note', `Challenge part ${challenge}: kept out of counters and alarms`);
  if (view.preparing) {
    add('note', `Recipe ${view.preparing.number} version ${view.preparing.version} is being made ready to take over`);
  }
  if (health.simulated) add('note', 'The pictures are simulated');
  return notes;
}

function lastOf({ last, snapshot }: StationView, mono: number): LastVerdict | null {
  if (last?.inspection.verdict) {
    const { verdict, accept, severity, reasons, part, sequence, views, timings } = last.inspection;
    const scores = views.flatMap((seen) => decidingScore(seen) ?? []);
    const defect = views.find(({ defectClass }) => (defectClass?.number ?? 0) > 0)?.defectClass;
    return {
      verdict,
      accept,
      severity: finite(severity),
      score: finite(scores.length > 0 ? Math.max(...scores.map(({ score }) => score)) : null),
      reason: captionOf(reasons[0]?.text, defect) ?? (verdict === 'pass' ? texts.get(0) : undefined) ?? '',
      partId: part.id,
      sequence,
      ageMs: Math.max(0, mono - last.closedAt),
      cycleMs: finite(timings.published ?? timings.judged),
      inferenceMs: finite(scores.length > 0 ? Math.max(...scores.map((score) => score.timings.run)) : null),
    };
  }
  const { result } = snapshot;
  if (!result) return null;
  const { verdict, accept, partId, sequence, cycleMs, inferenceMs } = result;
  const [severity, score, ageMs] = [finite(result.severity), finite(result.score), Math.max(0, mono - result.at)];
  return {
    ...{ verdict, accept, severity, score, partId, sequence, ageMs, cycleMs, inferenceMs },
    reason: texts.get(result.reason) ?? `Reason ${result.reason}`,
  };
}

function modelOf({ model, last }: StationView): StationCard['model'] {
  if (model !== undefined) return model;
  const score = last?.inspection.views.find((view) => view.score)?.score;
  return score ? { ...score.model, engine: score.engine, provider: score.provider } : null;
}

function cardOf(view: StationView, mono: number): StationCard {
  const { snapshot, last, evidence, rates = null, endpoints = [] } = view;
  const recipe = view.recipe === undefined ? last?.inspection.recipe : view.recipe;
  const validation = last?.inspection.validation;
  const condition = conditionOf(snapshot);
  const headline = headlineOf(view, condition);
  const model = modelOf(view);
  const { alarmLatched } = snapshot.status;
  return {
    id: snapshot.id,
    line: snapshot.line,
    station: snapshot.station,
    mode: modes.get(snapshot.mode) ?? 'offline',
    simulated: snapshot.health.simulated,
    condition,
    headline,
    notes: notesOf(view, headline),
    last: lastOf(view, mono),
    recent: snapshot.ring.flatMap(({ code, severity }) => {
      const verdict = verdictsByCode[code - 1];
      return verdict ? [{ verdict, severity: finite(severity) }] : [];
    }),
    counters: snapshot.counters,
    rates,
    recipe: recipe ? `${recipe.number} ${recipe.name}, version ${recipe.version}` : null,
    shadow: shadowOf(view),
    model: model ? { name: model.name, version: model.version, engine: model.engine, provider: model.provider } : null,
    validation: validation ? { state: validation.state, detail: validation.detail } : null,
    alarm: alarmLatched ? { code: snapshot.alarmCode, text: view.alarmText ?? `Alarm ${snapshot.alarmCode}` } : null,
    evidence: evidence
      ? { ok: evidence.ok, text: evidence.text, waiting: evidence.waiting ?? 0, lost: snapshot.counters.evidenceLost }
      : null,
    endpoints,
  };
}

function shadowOf({ shadow }: StationView): StationCard['shadow'] {
  if (!shadow) return null;
  const { number, version, beside, since, text, trouble } = shadow;
  return {
    version: `${number}, version ${version} beside version ${beside}`,
    text: `${text}, since ${since.slice(0, 16).replace('T', ' ')} UTC`,
    trouble,
  };
}

/** The JSON behind the overview page. `mono` is now, in monotonic milliseconds; stations keep their place by name. */
export function overviewData(
  stations: StationView[],
  { mono, utc, version = '' }: { mono: number; utc: string; version?: string },
): OverviewData {
  const cards = stations.map((view) => cardOf(view, mono));
  cards.sort((a, b) => a.line.localeCompare(b.line) || a.station.localeCompare(b.station) || a.id.localeCompare(b.id));
  return { schema: 1, at: utc, version, stations: cards };
}
