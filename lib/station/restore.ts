import type { Inspection } from '../core/inspection.ts';
import { reason } from '../core/reasons.ts';
import type { Counters } from '../core/snapshot.ts';
import { withComparison, withoutComparison } from './comparison.ts';
import { frozenCopy } from './freeze.ts';
import { freshHandshake, type HandshakeMemory } from './handshake.ts';
import type { OpenRecord, RecentPart, StoredActivation, StoredShadow, StoredState } from './state-schema.ts';
import type { LoadedState } from './state-store.ts';

/** Reserved ahead on disk, so that accepting a trigger never waits for it. */
export const sequenceBlock = 1000;
/** With a disk that takes nothing the station goes on this far past what is reserved, then refuses. */
export const overrunAllowance = 9000;

/** Parts whose fate a PLC may still report. */
export const rememberedParts = 64;

export const noCounters: Counters = Object.freeze({
  total: 0,
  pass: 0,
  warn: 0,
  fail: 0,
  invalid: 0,
  missed: 0,
  evidenceLost: 0,
  resultsOverrun: 0,
});

export interface Restored {
  lastSequence: number;
  lastPublished: number;
  counters: Counters;
  alarm: StoredState['alarm'];
  mode: StoredState['mode'] | null;
  recipe: StoredState['recipe'];
  activations: readonly StoredActivation[];
  shadow: StoredShadow | null;
  onlineMode: 'shadow' | 'run';
  handshake: HandshakeMemory;
  /** Oldest first. */
  recentParts: RecentPart[];
  /** What a crash left open, in order. */
  open: OpenRecord[];
}

/**
 * Replays the journal over the state. After an orderly close the sequence goes on without a gap. After a crash it jumps past all
 * that can have been used: the reserved block and the allowance for a failing disk. With no state readable it starts at
 * the seconds since 1970, which no station making less than one part a second since then has reached.
 */
export function restore(loaded: LoadedState, utcMs: number): Restored {
  const { state, journal } = loaded;
  const counters = { ...(state?.counters ?? noCounters) };
  const open = new Map((state?.open ?? []).map((record) => [record.sequence, record]));
  let last = state?.lastSequence ?? 0;
  let published = state?.lastPublished ?? 0;
  let shadow = state?.shadow ?? null;
  let handshake: HandshakeMemory = state?.handshake ?? freshHandshake;
  const recent = new Map((state?.recentParts ?? []).map((part) => [part.sequence, part]));
  for (const line of journal) {
    if (line.what === 'count') counters[line.counter] += line.by;
    else if (line.what === 'handshake') handshake = line.handshake;
    else if (line.what === 'compared') shadow = shadow && withComparison(shadow, line.comparison);
    else if (line.what === 'not compared') shadow = shadow && withoutComparison(shadow);
    else if (line.what === 'open') {
      const { sequence, id, triggerId } = line.open;
      if (triggerId !== 0) recent.set(sequence, { sequence, id, triggerId });
      open.set(line.open.sequence, line.open);
      last = Math.max(last, line.open.sequence);
    } else {
      open.delete(line.sequence);
      published = Math.max(published, line.sequence);
      if (line.counted) {
        counters.total += 1;
        counters[line.verdict] += 1;
      }
    }
  }
  const left = [...open.values()].sort((a, b) => a.sequence - b.sequence);
  for (const { sequence, mode, challenge = 0 } of left) {
    published = Math.max(published, sequence);
    if (mode !== 'run' || challenge !== 0) continue;
    counters.total += 1;
    counters.invalid += 1;
  }
  if (loaded.lost) last = Math.max(last + overrunAllowance, Math.floor(utcMs / 1000));
  else if (state !== null && !state.clean) last = Math.max(last, state.reservedThrough) + overrunAllowance;
  return {
    lastSequence: last,
    lastPublished: published,
    counters,
    alarm: state?.alarm ?? null,
    mode: state?.mode ?? null,
    recipe: state?.recipe ?? null,
    activations: state?.activations ?? firstActivation(state),
    shadow,
    onlineMode: state?.onlineMode ?? (state?.mode === 'shadow' ? 'shadow' : 'run'),
    handshake,
    recentParts: [...recent.values()].sort((a, b) => a.sequence - b.sequence).slice(-rememberedParts),
    open: left,
  };
}

/** A state from before there was a history knows what is live, and that since then at the latest. */
function firstActivation(state: StoredState | null): StoredActivation[] {
  if (!state?.recipe) return [];
  return [{ recipe: state.recipe, utc: state.savedUtc, by: 'unknown', why: 'live when the history began' }];
}

/** What a crash left open, as it is closed now: invalid, and nothing of its pictures is known any more. */
export function restartedInspection(
  record: OpenRecord,
  place: { line: string; station: string; simulated: boolean },
): Inspection {
  const { triggerId, partId, expectedRecipe, source, at, utc } = record;
  const { line, station } = place;
  return frozenCopy<Inspection>({
    id: record.id,
    line,
    station,
    sequence: record.sequence,
    trigger: { triggerId, partId, expectedRecipe, source, at, utc },
    part: { id: partId },
    mode: record.mode,
    recipe: record.recipe,
    warnAccepted: false,
    validation: null,
    view: '',
    views: [],
    state: 'published',
    verdict: 'invalid',
    severity: null,
    reasons: [reason('restarted')],
    accept: false,
    deadline: record.deadline,
    timings: { exposed: null, scored: null, judged: null, published: null },
    simulated: record.simulated || place.simulated,
    challenge: record.challenge ?? 0,
  });
}
