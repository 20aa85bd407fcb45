import type { Frame } from '../core/frame.ts';
import type {
  DefectClass,
  SceneResult,
  ScoreResult,
  StationMode,
  Trigger,
  Verdict,
  Verification,
  View,
} from '../core/inspection.ts';
import { type Reason, reason } from '../core/reasons.ts';
import { judgePart, missingViews, type PartRule } from '../rules/part.ts';
import { type Entry, emptyView } from './entry.ts';
import { frozenCopy } from './freeze.ts';
import { type LedgerJudgement, staleness } from './judging.ts';
import type { Recipe } from './recipe-schema.ts';

export interface Opening {
  id: string;
  sequence: number;
  trigger: Trigger;
  mode: StationMode;
  recipe: Recipe | null;
  /** Whether pictures were being drawn, not taken, at the trigger. */
  simulated: boolean;
  /** Number of the challenge part that it is said to be; 0 = an ordinary part. */
  challenge: number;
  /** Monotonic instant. */
  deadline: number;
  expected: readonly string[];
  /** Views that a scene check watches over at the trigger. */
  scenes: readonly string[];
}

export type PublishAnswer = 'published' | 'already' | 'waiting' | 'unknown' | 'not judged';

/** Closed inspections are still described for this long, and never more than this many. */
const keepMs = 5000;
const keepMost = 16;
const maxViews = 64;

/**
 * The truth about open inspections. Pure: instants come as arguments, what closed is fetched with `takeClosed`. Each opened entry
 * leaves through `takeClosed` exactly once, in order of opening, at the latest at the first `tick` at or after its
 * deadline. A verdict once fixed changes only to `invalid`, and only by the deadline.
 */
export class Ledger {
  #open: Entry[] = [];
  #kept: Entry[] = [];
  #byId = new Map<string, Entry>();
  #closed: Entry[] = [];
  /** With no output attached, a judged inspection closes at once. */
  outputs = 0;
  /** The inspection whose last picture was taken last. */
  lastExposed: Readonly<Entry> | null = null;

  get size(): number {
    return this.#open.length;
  }

  /** Open entries in order. Not to be written into. */
  open(): readonly Readonly<Entry>[] {
    return this.#open;
  }

  find(id: string): Readonly<Entry> | undefined {
    return this.#byId.get(id);
  }

  /** Opens an inspection. Its deadline is at least that of the one before: results come in order of opening. */
  accept(opening: Opening): Readonly<Entry> {
    const before = this.#open.at(-1);
    const entry: Entry = {
      ...opening,
      deadline: Math.max(opening.deadline, before?.deadline ?? 0),
      views: new Map(),
      rule: null,
      exposureDone: false,
      state: 'open',
      verdict: null,
      severity: null,
      reasons: [],
      warnAccepted: opening.recipe?.warnAccepted ?? false,
      validation: null,
      timings: { exposed: null, scored: null, judged: null, published: null },
      wanted: false,
      closedAt: null,
    };
    this.#open.push(entry);
    this.#byId.set(entry.id, entry);
    return entry;
  }

  /** Brings the deadline forward, never before that of an earlier inspection. */
  tighten(id: string, deadline: number): void {
    const at = this.#open.findIndex((entry) => entry.id === id);
    if (at < 0) return;
    const earliest = at === 0 ? deadline : Math.max(deadline, this.#open[at - 1].deadline);
    this.#open[at].deadline = Math.min(this.#open[at].deadline, earliest);
  }

  /** False where it is too late, or the view has its frame. A frame from before the trigger makes the view invalid. */
  addFrame(id: string, name: string, frame: Frame, camera: string | null, now: number): boolean {
    const entry = this.#undecided(id);
    const view = entry?.views.get(name) ?? emptyView(name);
    if (entry === undefined || view.frame !== null || view.verdict !== null) return false;
    if (entry.views.size >= maxViews && !entry.views.has(name)) return false;
    const stale = staleness(entry.trigger, frame.info.exposedAt);
    if (stale !== null) {
      // The picture stays in the record; the view's verdict keeps it from being scored.
      this.#setView(entry, { ...view, frame, camera });
      this.failView(id, name, reason('frameTooOld', { view: name, detail: stale }), now);
      return true;
    }
    this.#setView(entry, { ...view, frame, camera });
    entry.timings.exposed ??= frame.info.exposedAt - entry.trigger.at;
    this.#noteExposure(entry);
    return true;
  }

  /** False where it is too late, there is no frame to score, or the view has its score. */
  addScore(id: string, name: string, score: ScoreResult, now: number): boolean {
    const entry = this.#undecided(id);
    const view = entry?.views.get(name);
    if (entry === undefined || view === undefined) return false;
    if (view.frame === null || view.score !== null || view.verdict !== null) return false;
    const { map, model, timings, image } = score;
    const copy = { ...score, map, model: { ...model }, timings: { ...timings }, image: { ...image } };
    this.#setView(entry, { ...view, score: frozenCopy(copy) });
    entry.timings.scored = now - entry.trigger.at;
    return true;
  }

  /** What the second model says of the frame that the first has scored. False where it is too late, there is no score yet, or one such word. */
  addVerification(id: string, name: string, said: Pick<Verification, 'score' | 'failure'>, now: number): boolean {
    const entry = this.#undecided(id);
    const view = entry?.views.get(name);
    if (entry === undefined || view === undefined) return false;
    if (view.score === null || view.verify !== undefined || view.verdict !== null) return false;
    const { score, failure } = said;
    const copy = score && { ...score, model: { ...score.model }, timings: { ...score.timings } };
    this.#setView(entry, { ...view, verify: { score: frozenCopy(copy), failure, first: null, decidedBy: null } });
    if (score !== null) entry.timings.scored = now - entry.trigger.at;
    return true;
  }

  /** What the defect is called. False where it is too late, there is no score yet, or it has its name. */
  addDefectClass(id: string, name: string, defectClass: DefectClass): boolean {
    const entry = this.#undecided(id);
    const view = entry?.views.get(name);
    if (entry === undefined || view === undefined) return false;
    if (view.score === null || view.defectClass !== undefined || view.verdict !== null) return false;
    this.#setView(entry, { ...view, defectClass: frozenCopy(defectClass) });
    return true;
  }

  /** False where it is too late, there is no frame, or the view has its scene. What is invalid makes the view so, at once. */
  addScene(id: string, name: string, scene: SceneResult, now: number): boolean {
    const entry = this.#undecided(id);
    const view = entry?.views.get(name);
    if (entry === undefined || view === undefined) return false;
    if (view.frame === null || view.scene !== undefined || view.verdict !== null) return false;
    this.#setView(entry, { ...view, scene: frozenCopy(scene) });
    if (scene.state === 'good' || scene.state === 'attention') return true;
    this.failView(id, name, scene.reasons[0] ?? reason('sceneCheck', { view: name }), now);
    return true;
  }

  /** The view cannot be inspected. With nothing else to come, so is the part, at once. */
  failView(id: string, name: string, why: Reason, now: number): boolean {
    const entry = this.#undecided(id);
    const view = entry?.views.get(name) ?? emptyView(name);
    if (entry === undefined || view.verdict !== null) return false;
    if (entry.views.size >= maxViews && !entry.views.has(name)) return false;
    this.#setView(entry, { ...view, verdict: 'invalid', severity: null, reasons: [why] });
    this.#noteExposure(entry);
    if (entry.rule !== null) this.judgePart(id, entry.rule, now);
    const views = [...entry.views.values()];
    const allCame = entry.expected.every((expected) => entry.views.has(expected));
    if (entry.verdict === null && allCame && views.every((one) => one.verdict === 'invalid')) {
      const reasons = views.flatMap((one) => one.reasons);
      this.#decide(entry, { verdict: 'invalid', severity: null, reasons }, now, true);
    }
    return true;
  }

  /** Fixes a view's verdict, and with `final` the part's. What is fixed already stays. */
  judgeView(
    id: string,
    name: string,
    judgement: LedgerJudgement,
    o: { final: boolean; warnAccepted?: boolean },
    now: number,
  ): void {
    const entry = this.#undecided(id);
    if (entry === undefined) return;
    let view = entry.views.get(name) ?? emptyView(name);
    if (view.verdict === null) {
      const { verdict, severity, rois, reasons, validation, cascade } = judgement;
      const verify = cascade && { verify: { score: null, failure: null, ...view.verify, ...cascade } };
      view = this.#setView(entry, { ...view, ...verify, verdict, severity, rois, reasons });
      entry.validation = weakest(entry.validation, validation);
      if (o.warnAccepted !== undefined) entry.warnAccepted = o.warnAccepted;
    }
    if (!o.final) return;
    // Two branches that both call theirs final must not let the faster one speak for the other's picture, come or still to come.
    const required = [...new Set([...entry.expected, ...entry.views.keys()])];
    const waits = entry.views.size > 1 || view.verdict !== 'invalid';
    if (required.length > 1 && waits) this.judgePart(id, { kind: 'worst', required }, now);
    else this.#decide(entry, { ...view, verdict: view.verdict ?? 'invalid' }, now);
  }

  /** True once the part has its verdict; false while a required view has none. */
  judgePart(id: string, rule: PartRule, now: number): boolean {
    const entry = this.#byId.get(id);
    if (entry === undefined) return false;
    if (entry.verdict !== null) return true;
    const judged = judgePart([...entry.views.values()], rule);
    entry.rule = rule;
    if (judged === null) return false;
    this.#decide(entry, judged, now);
    return true;
  }

  /** Not inspected, for a reason outside of the views; closed as soon as its turn comes. */
  invalidate(id: string, why: Reason, now: number): boolean {
    const entry = this.#undecided(id);
    if (entry === undefined) return false;
    this.#decide(entry, { verdict: 'invalid', severity: null, reasons: [why] }, now, true);
    return true;
  }

  /** As `invalidate`, but whatever the verdict is as long as it is not published: somebody has said invalid already. */
  overrule(sequence: number, why: Reason, now: number): boolean {
    const entry = this.#open.find((open) => open.sequence === sequence);
    if (entry === undefined) return false;
    this.#overrule(entry, now, [why]);
    return true;
  }

  publish(id: string, now: number): PublishAnswer {
    const entry = this.#byId.get(id);
    if (entry === undefined) return 'unknown';
    if (entry.closedAt !== null) return 'already';
    if (entry.verdict === null) return 'not judged';
    entry.wanted = true;
    this.#advance(now);
    return entry.closedAt === null ? 'waiting' : 'published';
  }

  /** Closes what has reached its deadline, forgets what was kept long enough. */
  tick(now: number): void {
    for (let head = this.#open[0]; head !== undefined && head.deadline <= now; head = this.#open[0]) {
      this.#overrule(head, now, head.verdict === null ? overdue(head) : [reason('messageLost'), ...head.reasons]);
    }
    for (let old = this.#kept[0]; old?.closedAt != null; old = this.#kept[0]) {
      if (this.#kept.length <= keepMost && now - old.closedAt < keepMs) break;
      this.#kept.shift();
      this.#byId.delete(old.id);
    }
  }

  /** Closes everything open as invalid. */
  closeAll(why: Reason, now: number): void {
    for (let head = this.#open[0]; head !== undefined; head = this.#open[0]) this.#overrule(head, now, [why]);
  }

  /** The next instant at which `tick` has something to do; null = none. */
  nextInstant(): number | null {
    const deadline = this.#open[0]?.deadline;
    const forget = this.#kept[0]?.closedAt;
    const instants = [deadline, forget == null ? undefined : forget + keepMs].filter((at) => at !== undefined);
    return instants.length === 0 ? null : Math.min(...instants);
  }

  /** What has closed since the last call, in order of opening. */
  takeClosed(): Readonly<Entry>[] {
    const closed = this.#closed;
    this.#closed = [];
    return closed;
  }

  #undecided(id: string): Entry | undefined {
    const entry = this.#byId.get(id);
    return entry === undefined || entry.verdict !== null || entry.closedAt !== null ? undefined : entry;
  }

  #setView(entry: Entry, view: View): View {
    const frozen = frozenCopy(view);
    entry.views.set(view.name, frozen);
    return frozen;
  }

  #noteExposure(entry: Entry): void {
    const done = (name: string) => entry.views.get(name)?.frame != null || entry.views.get(name)?.verdict != null;
    if (entry.exposureDone || !entry.expected.every(done)) return;
    entry.exposureDone = true;
    this.lastExposed = entry;
  }

  #decide(
    entry: Entry,
    said: { verdict: Verdict; severity: number | null; reasons: readonly Reason[] },
    now: number,
    atOnce = false,
  ): void {
    entry.verdict = said.verdict;
    entry.severity = said.severity;
    entry.reasons = said.reasons;
    entry.state = 'judged';
    entry.timings.judged = now - entry.trigger.at;
    entry.wanted ||= atOnce || this.outputs === 0;
    this.#advance(now);
  }

  #overrule(entry: Entry, now: number, reasons: Reason[]): void {
    entry.verdict = 'invalid';
    entry.severity = null;
    entry.reasons = reasons;
    entry.state = 'judged';
    entry.timings.judged ??= now - entry.trigger.at;
    entry.wanted = true;
    this.#advance(now);
  }

  #advance(now: number): void {
    for (let head = this.#open[0]; head?.wanted && head.verdict !== null; head = this.#open[0]) {
      if (head.deadline < now && head.verdict !== 'invalid') {
        // It waited for an earlier one, and the timer came late: too late is too late.
        head.verdict = 'invalid';
        head.severity = null;
        head.reasons = [reason('deadline'), ...head.reasons];
      }
      this.#open.shift();
      head.state = 'published';
      head.closedAt = now;
      head.timings.published = now - head.trigger.at;
      this.#kept.push(head);
      this.#closed.push(head);
    }
  }
}

/** At the deadline a part that waited for views says which were missing; the foreman looks at that camera first. */
function overdue(entry: Entry): Reason[] {
  const missing = entry.rule === null ? [] : missingViews([...entry.views.values()], entry.rule);
  return [...missing.map((view) => reason('viewMissing', { view, detail: view })), reason('deadline')];
}

const trust = { 'not-validated': 0, override: 1, validated: 2 } as const;

/** Of several views the least trusted validation stands for the part. */
function weakest(a: Entry['validation'], b: Entry['validation']): Entry['validation'] {
  if (a === null || b === null) return a ?? b;
  return trust[b.state] < trust[a.state] ? b : a;
}
