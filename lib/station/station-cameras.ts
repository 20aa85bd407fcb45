import type { Frame } from '../core/frame.ts';
import type { Inspection, ModelIdentity, TriggerRequest } from '../core/inspection.ts';
import { type ReasonKey, reason } from '../core/reasons.ts';
import type { Refusal } from '../core/snapshot.ts';
import type { PulseWindow } from './announcements.ts';
import { HardwareLine } from './hardware-line.ts';
import { effectiveRois, type RecipeView } from './recipe-schema.ts';
import { StationDesk } from './station-desk.ts';
import { validationFingerprint } from './validation.ts';

/** A camera that gives a view; `announced`: its hardware line pulses for parts announced by `announcePart`. */
export interface StationCamera {
  name: string;
  settingsHash: string;
  simulated?: boolean;
  announced?: PulseWindow;
}

export type Answer = { refused: false; inspection: Inspection } | Refusal;

/** The part of a station that knows its cameras: which gives which view, with which settings, and which of them a light barrier triggers. */
export abstract class StationCameras extends StationDesk {
  protected readonly hardware = new HardwareLine((id, view, why) => this.ledger.failView(id, view, why, this.now()));
  readonly #cameras = new Map<string, { name: string; settingsHash: string }>();

  /** Counts a trigger that cannot be taken, whoever found out. */
  abstract refuse(request: TriggerRequest, key: ReasonKey): Refusal;
  abstract describe(id: string, view: string): Inspection;
  /** Opens an inspection or refuses; its deadline counts from `patienceMs` after the trigger. */
  protected abstract openFor(request: TriggerRequest, patienceMs: number): Answer;
  protected abstract refuseWith(request: TriggerRequest, key: ReasonKey, text: string): Refusal;
  /** What follows from any change in the ledger: `settle`, and a snapshot of it. */
  protected abstract after(): void;
  /** Passes on what has closed and what else a PLC can see, and waits for what is due next. */
  protected abstract settle(): void;

  protected cameraViews(): string[] {
    return [...this.#cameras.keys()];
  }

  /**
   * Announces a part to the cameras with a hardware line: accepted like a trigger, and answered by `lineFrame`. Until its pulse
   * has come, the deadline counts from the end of the pulse's window.
   */
  announcePart(request: Omit<TriggerRequest, 'source'>): Answer {
    const known: TriggerRequest = { ...request, source: 'hardware' };
    if (!this.hardware.present) {
      const detail = 'no camera of this station has a hardware line';
      return this.refuseWith(known, 'cameraNotReady', reason('cameraNotReady', { detail }).text);
    }
    const answer = this.openFor(known, this.hardware.latestMs);
    if (answer.refused) return answer;
    const { id, trigger, verdict } = answer.inspection;
    this.hardware.announced(id, trigger.at);
    if (verdict !== null) this.hardware.closed(id);
    this.after();
    return answer;
  }

  /** Whether parts are announced so fast that a missed pulse could not be told from the next part's. */
  get announcementsOverlap(): boolean {
    return this.hardware.overlaps;
  }

  /**
   * A frame that the light barrier has triggered. The inspection of the announced part that it shows; a refusal where no part was
   * announced, counted as missed; null where it cannot be told whose it is, and the parts in question are invalid.
   */
  lineFrame(view: string, frame: Frame, camera: string): Inspection | Refusal | null {
    this.tick();
    const { exposedAt } = frame.info;
    const { bound, stranger } = this.hardware.frame(view, frame.info);
    if (bound !== null) {
      this.ledger.tighten(bound, exposedAt + this.limits.deadlineMs);
      this.ledger.addFrame(bound, view, frame, camera, this.now());
    }
    this.after();
    if (bound !== null) return this.describe(bound, view);
    const unknown = { triggerId: 0, partId: '', expectedRecipe: 0, source: 'hardware', at: exposedAt } as const;
    return stranger ? this.refuse(unknown, 'notAnnounced') : null;
  }

  /** Tells which camera gives a view; inspections from now on expect it, unless an exposure or an image opens them. */
  registerCamera(view: string, camera: StationCamera): void {
    const { name, settingsHash, simulated = false, announced } = camera;
    this.#cameras.set(view, { name, settingsHash });
    if (announced !== undefined) this.hardware.add(view, announced);
    if (simulated) this.simulatedViews.add(view);
    else this.simulatedViews.delete(view);
    this.changed();
  }

  unregisterCamera(view: string): void {
    this.#cameras.delete(view);
    this.simulatedViews.delete(view);
    this.hardware.remove(view);
    this.after();
  }

  /** Hash of the settings of the camera that gives a view; '' where there is none, or the picture is not of that camera. */
  cameraSettings(view: string, takenBy?: string | null): string {
    const camera = this.#cameras.get(view);
    return camera === undefined || (takenBy !== undefined && takenBy !== camera.name) ? '' : camera.settingsHash;
  }

  /** What a recipe's view must carry as `validation.fingerprint` to be valid for what runs here now. */
  fingerprint(
    view: string,
    subject: Pick<RecipeView, 'rois' | 'median' | 'warn' | 'fail'> & { model: ModelIdentity },
  ): string {
    const cameraSettings = this.cameraSettings(view);
    return validationFingerprint({ model: subject.model, cameraSettings, rois: effectiveRois(subject) });
  }
}
