import type { SceneMeter } from '../../lib/capture/scene-meter.ts';
import { systemClock } from '../../lib/core/clock.ts';
import { asGoodpartError, GoodpartError } from '../../lib/core/errors.ts';
import type { Frame } from '../../lib/core/frame.ts';
import type { Polygon } from '../../lib/core/inspection.ts';
import type { ValuesOf } from '../../lib/node-red/config/config.ts';
import type { NodeKit } from '../../lib/node-red/define-node.ts';
import type { SceneCheck } from '../../lib/rules/scene-bands.ts';
import type { RecipeScene } from '../../lib/station/recipe-scene.ts';
import type { Audit, Station } from '../../lib/station/station.ts';
import { adoptScene } from './adopt-scene.ts';
import type { config } from './config.ts';
import { type LearnedBy, type Lesson, SceneLesson, sceneFromEmpty, sceneFromGood } from './learning.ts';
import { sceneConfig } from './watch.ts';

/** Of the count of good frames: an empty nest looks like itself. */
const emptyShare = 0.2;
const leastEmpty = 5;

export interface SchoolOptions {
  station: Station;
  meter: SceneMeter;
  view: string;
  region: Polygon;
  part: Polygon | null;
  checks: readonly SceneCheck[];
  /** The active recipe's. */
  sceneNow: () => RecipeScene | null;
}

type Kit = NodeKit<ValuesOf<typeof config>>;

/** How a scene check learns: collects frames, makes limits of them and writes these into the active recipe, or waits for one. */
export class SceneSchool {
  readonly #kit: Kit;
  readonly #o: SchoolOptions;
  readonly #key: string;
  #lesson: SceneLesson | null = null;
  #finishing = false;
  /** Learned, while no recipe with the view is active yet. */
  #waiting: { scene: RecipeScene; why: string } | null = null;
  #listener = () => {};
  readonly #onAudit = ({ what }: Audit) => {
    if (what === 'recipe' && this.#waiting !== null) this.#write(this.#waiting).catch(this.#kit.report);
  };

  constructor(kit: Kit, o: SchoolOptions) {
    this.#kit = kit;
    this.#o = o;
    this.#key = `${kit.id} lesson`;
    o.station.on('audit', this.#onAudit);
  }

  /** What is being collected; null: nothing. */
  get lesson(): Lesson | null {
    return this.#finishing ? null : (this.#lesson?.what ?? null);
  }

  /** For people; empty: nothing is being learned. */
  get progress(): string {
    const lesson = this.#lesson;
    if (lesson === null) return '';
    const what = lesson.what === 'good' ? 'good frames' : 'frames of the empty nest';
    return `learning the scene, ${lesson.count} of ${lesson.wanted} ${what}`;
  }

  onProgress(listener: () => void): void {
    this.#listener = listener;
  }

  close(): void {
    this.#o.station.off('audit', this.#onAudit);
    this.#o.meter.forget(this.#key);
  }

  /** False where the topic is not for the school. Throws GP_LEARN_FAILED. */
  async command(topic: string): Promise<boolean> {
    switch (topic) {
      case 'learn':
        await this.#begin('good');
        return true;
      case 'learn once':
        if (this.#o.sceneNow() !== null || this.#waiting !== null) this.#kit.status('green', 'already learned');
        else await this.#begin('good');
        return true;
      case 'learn empty':
        await this.#begin('empty');
        return true;
      case 'cancel':
        this.#end();
        this.#kit.status('grey', 'cancelled');
        return true;
      case 'forget':
        await this.#forget();
        return true;
      default:
        return false;
    }
  }

  /** A frame to learn from. Throws where it cannot be, or where what was collected is of no use. */
  async show(frame: Frame): Promise<void> {
    const lesson = this.#lesson;
    if (lesson === null || this.#finishing) return;
    const complete = await lesson.add(frame);
    if (this.#lesson !== lesson) return; // cancelled meanwhile
    this.#tell(lesson);
    if (complete) await this.#finish(lesson);
  }

  async #begin(what: Lesson): Promise<void> {
    if (this.#lesson !== null) {
      throw new GoodpartError('GP_LEARN_FAILED', `The scene check is already ${this.progress}: send "cancel" first`);
    }
    const { station, meter, view, part, sceneNow } = this.#o;
    const { count } = this.#kit.config;
    if (what === 'empty' && (part === null || sceneNow()?.part == null)) {
      const text = 'Switch "part present" on and learn good frames before the empty nest';
      throw new GoodpartError('GP_LEARN_FAILED', text, { field: 'part' });
    }
    const wanted = what === 'good' ? count : Math.max(leastEmpty, Math.round(count * emptyShare));
    const cameraSettings = station.cameraSettings(view);
    const lesson = new SceneLesson(meter, this.#key, { what, wanted, cameraSettings });
    this.#lesson = lesson;
    try {
      await meter.configure(this.#key, sceneConfig(this.#o, sceneNow()));
    } catch (error) {
      this.#end();
      throw error;
    }
    if (this.#lesson === lesson) this.#tell(lesson);
  }

  async #finish(lesson: SceneLesson): Promise<void> {
    this.#finishing = true;
    const { station, view, region, part, checks, sceneNow } = this.#o;
    const by = `scene check ${this.#kit.config.name || this.#kit.id}`.slice(0, 128);
    try {
      const learned = await lesson.finish();
      if (this.#lesson !== lesson) return;
      const { cameraSettings } = lesson;
      if (station.cameraSettings(view) !== cameraSettings) {
        throw new GoodpartError('GP_LEARN_FAILED', 'The camera’s settings were changed while learning: learn again');
      }
      const { tolerance } = this.#kit.config;
      const o: LearnedBy = { config: { region, part }, checks, tolerance, cameraSettings, by, at: systemClock.utc() };
      const before = sceneNow();
      const scene =
        lesson.what === 'good' || before === null
          ? sceneFromGood(learned, before, o)
          : sceneFromEmpty(learned, before, o);
      const what = lesson.what === 'good' ? 'good frames' : 'frames of the empty nest';
      await this.#write({ scene, why: `scene limits of view ${view} learned from ${lesson.wanted} ${what}` });
    } finally {
      if (this.#lesson === lesson) this.#end();
      this.#finishing = false;
    }
  }

  async #write(learned: { scene: RecipeScene; why: string }): Promise<void> {
    const { station, view } = this.#o;
    const { scene, why } = learned;
    this.#waiting = null;
    const recipe = await adoptScene(station, view, scene, { author: scene.by, reason: why });
    if (recipe === null) {
      this.#waiting = learned;
      this.#kit.status('yellow', 'learned, waits for a recipe with this view: learn good parts');
      return;
    }
    const { bands, frames, part } = scene;
    const payload = { view, frames, bands, part: part?.limits ?? null, reason: why };
    const saved = { number: recipe.number, version: recipe.version };
    this.#kit.send([null, { topic: 'learned', payload: { ...payload, recipe: saved } }]);
    this.#kit.status('green', `${why}, recipe ${saved.number} version ${saved.version}`);
  }

  async #forget(): Promise<void> {
    this.#end();
    this.#waiting = null;
    const { station, view, sceneNow } = this.#o;
    if (sceneNow() === null) return;
    const author = `scene check ${this.#kit.config.name || this.#kit.id}`.slice(0, 128);
    await adoptScene(station, view, null, { author, reason: `scene limits of view ${view} taken away` });
    this.#kit.status('grey', 'forgotten');
  }

  #tell({ what, count, wanted }: SceneLesson): void {
    const text = this.progress;
    this.#kit.status('blue', text);
    this.#kit.send([null, { topic: 'progress', payload: { stage: what, done: count, total: wanted, text } }]);
    this.#listener();
  }

  #end(): void {
    if (this.#lesson === null) return;
    this.#lesson = null;
    this.#o.meter.discard(this.#key).catch((thrown: unknown) => {
      // gone with the child, which then has nothing to forget
      this.#kit.log(asGoodpartError(thrown).message);
    });
    this.#listener();
  }
}
