import type { SceneMeter } from '../../lib/capture/scene-meter.ts';
import type { SceneConfig } from '../../lib/capture/scene-protocol.ts';
import { canonicalJson } from '../../lib/core/canonical-json.ts';
import type { Frame } from '../../lib/core/frame.ts';
import type { Polygon, SceneResult } from '../../lib/core/inspection.ts';
import { reason } from '../../lib/core/reasons.ts';
import { judgeScene, type SceneJudgement } from '../../lib/rules/scene.ts';
import type { SceneCheck } from '../../lib/rules/scene-bands.ts';
import { explainScene, noTrend, type SceneTrend, stepTrend } from '../../lib/rules/scene-trend.ts';
import type { RecipeScene } from '../../lib/station/recipe-scene.ts';

export interface WatchOptions {
  id: string;
  view: string;
  region: Polygon;
  /** Null: *part present* is switched off. */
  part: Polygon | null;
  checks: readonly SceneCheck[];
  timeoutMs: number;
}

/** What a recipe's scene, or none, has the child look at. */
export function sceneConfig(
  { region, part }: Pick<WatchOptions, 'region' | 'part'>,
  scene: RecipeScene | null,
): SceneConfig {
  const fits = scene !== null && sameOutline(scene.region, region);
  const partFits = part !== null && scene?.part != null && sameOutline(scene.part.region, part);
  return {
    ...{ region, part },
    reference: fits ? scene.reference : null,
    typical: partFits ? (scene.part?.typical ?? null) : null,
    empty: partFits ? (scene.part?.empty ?? null) : null,
  };
}

/**
 * One view's scene check: measures frames by the recipe that their inspection is judged by, holds them against its limits, and
 * follows what several of them together say of light and camera.
 */
export class SceneWatch {
  readonly #meter: SceneMeter;
  readonly #o: WatchOptions;
  /** The scenes that the child knows, newest last: an inspection that began under the recipe before is judged by that one. */
  readonly #configured = new Map<string, { key: string; ready: Promise<void> }>();
  readonly #names = new WeakMap<RecipeScene, string>();
  #made = 0;
  #trend: SceneTrend = noTrend;

  constructor(meter: SceneMeter, o: WatchOptions) {
    this.#meter = meter;
    this.#o = o;
  }

  get trend(): SceneTrend {
    return this.#trend;
  }

  /** Why a scene's limits do not hold for what is configured here, or null. */
  trouble(scene: RecipeScene | null, cameraSettings: string): string | null {
    const { region, part } = this.#o;
    if (scene === null) return 'send "learn" to the scene check while good parts pass';
    if (!sameOutline(scene.region, region)) return 'the reference region was changed since';
    if (part !== null && scene.part === null) return 'whether there is a part was not learned';
    if (part !== null && scene.part && !sameOutline(scene.part.region, part))
      return 'the part region was changed since';
    return scene.cameraSettings === cameraSettings ? null : 'the camera settings have changed since';
  }

  /** What the frame's inspection is told; never rejects. */
  async check(frame: Frame, scene: RecipeScene | null, cameraSettings: string, ms: number): Promise<SceneResult> {
    const { view } = this.#o;
    const nothing = { state: 'invalid', part: null, values: [], ms: 0 } as const;
    const trouble = this.trouble(scene, cameraSettings);
    if (scene === null || trouble !== null) {
      return { ...nothing, values: [], reasons: [reason('sceneNotLearned', { view, detail: trouble ?? '' })] };
    }
    const { judgement, ms: taken } = await this.#judge(frame, scene, ms);
    this.#trend = stepTrend(this.#trend, judgement);
    const { state, part, values } = judgement;
    return { state, part, values, reasons: explainScene(judgement, this.#trend, view), ms: taken };
  }

  /** Whether a free-running camera's frame shows a part; true where that cannot be said. Rejects as `SceneMeter.measure`. */
  async hasPart(frame: Frame, scene: RecipeScene | null, cameraSettings: string): Promise<boolean> {
    if (scene === null || this.trouble(scene, cameraSettings) !== null) return true;
    const { judgement } = await this.#judge(frame, scene, this.#o.timeoutMs);
    return judgement.part !== 'absent';
  }

  close(): void {
    for (const { key } of this.#configured.values()) this.#meter.forget(key);
  }

  async #judge(frame: Frame, scene: RecipeScene, ms: number): Promise<{ judgement: SceneJudgement; ms: number }> {
    const { checks, part } = this.#o;
    const key = await this.#keyOf(scene);
    const measured = await this.#meter.measure(key, frame, ms);
    const limits = part === null ? null : (scene.part?.limits ?? null);
    const judgement = judgeScene({ measures: measured.measures, bands: scene.bands, checks, part: limits });
    return { judgement, ms: measured.ms };
  }

  async #keyOf(scene: RecipeScene): Promise<string> {
    const config = sceneConfig(this.#o, scene);
    const name = this.#names.get(scene) ?? canonicalJson(config);
    this.#names.set(scene, name);
    let known = this.#configured.get(name);
    if (known === undefined) {
      const key = `${this.#o.id} ${this.#made++}`;
      known = { key, ready: this.#meter.configure(key, config) };
      known.ready.catch(() => {
        this.#configured.delete(name);
        this.#meter.forget(key);
      });
      this.#configured.set(name, known);
      for (const [oldest, { key: old }] of this.#configured) {
        if (this.#configured.size <= 2) break;
        this.#configured.delete(oldest);
        this.#meter.forget(old);
      }
    }
    await known.ready;
    return known.key;
  }
}

function sameOutline(a: readonly unknown[], b: readonly unknown[]): boolean {
  return canonicalJson(a) === canonicalJson(b);
}
