import type { SceneMeter } from '../../lib/capture/scene-meter.ts';
import type { LearnedScene, SceneConfig } from '../../lib/capture/scene-protocol.ts';
import { GoodpartError } from '../../lib/core/errors.ts';
import type { Frame } from '../../lib/core/frame.ts';
import { learnBands, type SceneCheck, sceneChecks } from '../../lib/rules/scene-bands.ts';
import { likenessOfGood, partLimits } from '../../lib/rules/scene-part.ts';
import type { RecipeScene } from '../../lib/station/recipe-scene.ts';

export type Lesson = 'good' | 'empty';

/** Frames being collected in the child for one lesson; each frame once. */
export class SceneLesson {
  readonly what: Lesson;
  readonly wanted: number;
  /** As they were when it began. */
  readonly cameraSettings: string;
  readonly #meter: SceneMeter;
  readonly #key: string;
  readonly #seen = new Set<string>();
  #count = 0;
  #underWay = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(meter: SceneMeter, key: string, o: { what: Lesson; wanted: number; cameraSettings: string }) {
    this.what = o.what;
    this.wanted = o.wanted;
    this.cameraSettings = o.cameraSettings;
    this.#meter = meter;
    this.#key = key;
  }

  get count(): number {
    return this.#count;
  }

  /**
   * True when there are enough. One frame after the other, in the order in which they came, and no more than are wanted. The child
   * counts: what a crash of it lost is collected again.
   */
  add(frame: Frame): Promise<boolean> {
    const enough = this.#count + this.#underWay >= this.wanted;
    if (enough || this.#seen.has(frame.info.id)) return Promise.resolve(false);
    this.#seen.add(frame.info.id);
    this.#underWay += 1;
    const adding = this.#last.then(async () => {
      try {
        this.#count = await this.#meter.collect(this.#key, frame);
        return this.#count === this.wanted;
      } finally {
        this.#underWay -= 1;
      }
    });
    this.#last = adding.catch(() => {});
    return adding;
  }

  finish(): Promise<LearnedScene> {
    return this.#meter.learn(this.#key, this.what);
  }
}

export interface LearnedBy {
  config: Pick<SceneConfig, 'region' | 'part'>;
  checks: readonly SceneCheck[];
  tolerance: number;
  cameraSettings: string;
  by: string;
  at: string;
}

/** The recipe's scene from good frames. Throws GP_LEARN_FAILED where a check that is switched on cannot be learned from them. */
export function sceneFromGood(learned: LearnedScene, before: RecipeScene | null, o: LearnedBy): RecipeScene {
  const bands = learnBands(learned.frames, o.tolerance);
  for (const check of o.checks) {
    if (check === 'colour') continue; // grey pictures have none
    const lacking = sceneChecks[check].find((measure) => !bands.some((band) => band.measure === measure));
    if (lacking === undefined) continue;
    const text =
      check === 'shift'
        ? 'The frames have no common layout by which a shift could be seen: draw the reference region on something that stands still, or switch the shift check off'
        : `The check ${check} could not be measured in every frame (${lacking}): look at the pictures, or switch it off`;
    throw new GoodpartError('GP_LEARN_FAILED', text, { field: check });
  }
  const { region, part } = o.config;
  const { reference, typical, frames } = learned;
  const { cameraSettings, by, at } = o;
  const rest = { region, bands, reference, cameraSettings, frames: frames.length, by, at };
  if (part === null || typical === null) return { ...rest, part: null };
  const good = likenessOfGood(frames.map((frame) => frame.part ?? Number.NaN));
  const known = before?.part?.limits.empty ?? null;
  const { empty, emptyLikeness } = learned;
  const nest =
    empty === null || emptyLikeness === null || known === null ? null : { part: [emptyLikeness], empty: [2 * known] };
  const limits = partLimits(good, nest ?? undefined);
  return { ...rest, part: { region: part, typical, empty: nest === null ? null : empty, limits, good } };
}

/** The recipe's scene with the empty nest. Throws GP_LEARN_FAILED where it cannot be told from a part. */
export function sceneFromEmpty(learned: LearnedScene, before: RecipeScene, { by, at }: LearnedBy): RecipeScene {
  if (before.part === null) throw new GoodpartError('GP_LEARN_FAILED', 'Learn good parts before the empty nest');
  const likeness = (measure: 'part' | 'empty') => learned.frames.map((frame) => frame[measure] ?? Number.NaN);
  const limits = partLimits(before.part.good, { part: likeness('part'), empty: likeness('empty') });
  return { ...before, part: { ...before.part, empty: learned.empty, limits }, by, at };
}
