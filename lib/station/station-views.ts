import { asGoodpartError, invalidParameter } from '../core/errors.ts';
import type { Frame } from '../core/frame.ts';
import type {
  DefectClass,
  Inspection,
  SceneResult,
  ScoreResult,
  Verdict,
  Verification,
  View,
} from '../core/inspection.ts';
import { type Reason, reason } from '../core/reasons.ts';
import type { PartRule } from '../rules/part.ts';
import { describeEntry, type Entry, emptyView } from './entry.ts';
import { type JudgeViewOptions, judgeLedgerView, type LedgerJudgement, type Override } from './judging.ts';
import { StationConversation } from './station-conversation.ts';

/** How a view would be judged, for the nodes between its score and its rules. */
export interface Outlook {
  verdict: Verdict;
  severity: number | null;
  /** False: it is judged already, and nothing can be added any more. */
  open: boolean;
  /** The first model is in doubt, and the second has said nothing yet. */
  doubt: boolean;
}

/** The part of a station that a flow feeds: what cameras, models and checks say of the views of an open inspection. */
export abstract class StationViews extends StationConversation {
  /** False where it came too late or a second time. Throws GP_STATION_UNKNOWN_INSPECTION for an id that is not known (any more). */
  addFrame(id: string, view: string, frame: Frame, camera: string | null): boolean {
    return this.act(id, (now) => this.ledger.addFrame(id, view, frame, camera, now));
  }

  frameOf(id: string, view: string): Frame | null {
    return this.ledger.find(id)?.views.get(view)?.frame ?? null;
  }

  /** False where it came too late, a second time, or before the frame. Throws as `addFrame`. */
  addScore(id: string, view: string, score: ScoreResult): boolean {
    return this.act(id, (now) => this.ledger.addScore(id, view, score, now));
  }

  /** What the scene check says of the ledger's frame: invalid, and the view is. False as `addScore`. Throws as `addFrame`. */
  addScene(id: string, view: string, scene: SceneResult): boolean {
    return this.act(id, (now) => this.ledger.addScene(id, view, scene, now));
  }

  /** The view cannot be inspected; with no other view to come the part is invalid at once. Throws as `addFrame`. */
  failView(id: string, view: string, why: Reason): boolean {
    return this.act(id, (now) => this.ledger.failView(id, view, why, now));
  }

  /**
   * What the second model says of the frame that the first has scored, or why it says nothing. False as `addScore`, and before the
   * first score. Throws as `addFrame`.
   */
  addVerification(id: string, view: string, said: Pick<Verification, 'score' | 'failure'>): boolean {
    return this.act(id, (now) => this.ledger.addVerification(id, view, said, now));
  }

  /** What a classifier calls the defect; no verdict changes. False as `addVerification`. Throws as `addFrame`. */
  addDefectClass(id: string, view: string, defectClass: DefectClass): boolean {
    return this.act(id, () => this.ledger.addDefectClass(id, view, defectClass));
  }

  /** How the view would be judged now by its recipe; nothing is recorded. Throws as `addFrame`. */
  outlook(id: string, view: string): Outlook {
    this.tick();
    const entry = this.known(id);
    const known = entry.views.get(view) ?? emptyView(view);
    if (entry.verdict !== null || known.verdict !== null) {
      const verdict = known.verdict ?? 'invalid';
      return { verdict, severity: known.severity, open: false, doubt: false };
    }
    const { verdict, severity, cascade } = this.#judged(entry, known, null);
    const doubt = cascade?.decidedBy === null && known.verify === undefined;
    return { verdict, severity, open: true, doubt };
  }

  /** Judges the ledger's own frame and score. What is judged already stays as it is. Throws as `addFrame`. */
  judgeView(id: string, view: string, o: JudgeViewOptions): View {
    return this.act(id, (now) => {
      const entry = this.known(id);
      const known = entry.views.get(view) ?? emptyView(view);
      const override = o.rois === undefined ? null : { rois: o.rois, by: o.overrideBy || 'an unnamed node' };
      if (entry.verdict === null) {
        const judgement = this.#judged(entry, known, override, o.cameraSettings);
        const unvalidated = judgement.validation !== null && judgement.validation.state !== 'validated';
        if (known.verdict === null) this.judgedUnvalidated = override !== null || unvalidated;
        this.ledger.judgeView(id, view, judgement, o, now);
      }
      return entry.views.get(view) ?? emptyView(view);
    });
  }

  /** Null while required views have no verdict yet; the rule is remembered, a view failing later completes it. Throws as `addFrame`. */
  judgePart(id: string, rule: PartRule): Inspection | null {
    return this.act(id, (now) =>
      this.ledger.judgePart(id, rule, now) ? describeEntry(this.known(id), '', this.place) : null,
    );
  }

  /** Not inspected, closed as soon as its turn comes. False where it has its verdict. Throws as `addFrame`. */
  invalidate(id: string, why: Reason): boolean {
    return this.act(id, (now) => this.ledger.invalidate(id, why, now));
  }

  protected known(id: string): Readonly<Entry> {
    const entry = this.ledger.find(id);
    if (entry !== undefined) return entry;
    throw invalidParameter('inspection.id', 'an open inspection of this station', id, 'GP_STATION_UNKNOWN_INSPECTION');
  }

  /** One operation on a known inspection, with what is due before it and what follows from it. */
  protected act<T>(id: string, work: (now: number) => T): T {
    this.tick();
    this.known(id);
    try {
      return work(this.now());
    } catch (thrown) {
      // No fault in here may leave a part without its verdict.
      const why = reason('internalError', { detail: asGoodpartError(thrown).message });
      this.ledger.invalidate(id, why, this.now());
      throw asGoodpartError(thrown);
    } finally {
      this.settle();
    }
  }

  #judged(entry: Readonly<Entry>, view: View, override: Override | null, cameraSettings?: string): LedgerJudgement {
    const { name, camera } = view;
    return judgeLedgerView({
      ...{ trigger: entry.trigger, view, recipe: entry.recipe, override },
      drawn: this.drawn.get(name) ?? null,
      cameraSettings: cameraSettings ?? this.cameraSettings(name, camera),
      scene: entry.scenes.includes(name) || this.scenes.has(name),
    });
  }
}
