import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { asGoodpartError, GoodpartError, invalidParameter } from '../core/errors.ts';
import { type Disk, setAside } from './disk.ts';
import { frozenCopy } from './freeze.ts';
import { parseRecipe, type Recipe, type RecipeDraft } from './recipe-schema.ts';

export interface RecipePointer {
  number: number;
  version: number;
}

export type OnActivate = (pointer: RecipePointer | null, by: string, why: string, rollback: boolean) => void;

/**
 * The station's recipes: `recipes/<number>/<version>.json`, each version immutable. Saving makes a new version and
 * changes nothing that runs; `activate` does.
 */
export class RecipeStore {
  readonly #dir: string;
  readonly #disk: Disk;
  readonly #clock: Clock;
  readonly #onActivate: OnActivate;
  readonly #onSave: () => void;
  readonly #versions = new Map<number, Map<number, Recipe>>();
  readonly #taken = new Map<number, number>();
  #active: Recipe | null = null;
  #saving: Promise<unknown> = Promise.resolve();

  constructor(o: {
    dir: string;
    disk: Disk;
    clock: Clock;
    onActivate: OnActivate;
    onSave?: () => void;
  }) {
    this.#dir = join(o.dir, 'recipes');
    this.#disk = o.disk;
    this.#clock = o.clock;
    this.#onActivate = o.onActivate;
    this.#onSave = o.onSave ?? (() => {});
  }

  /** Reads all versions. Damaged files are set aside and reported, the rest serves. */
  async load(pointer: RecipePointer | null): Promise<GoodpartError[]> {
    const damaged: GoodpartError[] = [];
    for (const folder of await this.#disk.list(this.#dir)) {
      if (!/^[1-9]\d{0,4}$/.test(folder)) continue;
      const dir = join(this.#dir, folder);
      for (const file of await this.#disk.list(dir)) {
        const match = /^([1-9]\d{0,8})\.json(\.damaged-.*)?$/.exec(file);
        if (match === null) continue;
        const [number, version] = [Number(folder), Number(match[1])];
        this.#taken.set(number, Math.max(version, this.#taken.get(number) ?? 0));
        if (match[2] !== undefined) continue;
        try {
          const recipe = parseRecipe(JSON.parse((await this.#disk.read(join(dir, file))) ?? ''));
          if (recipe.number !== number || recipe.version !== version) {
            throw invalidParameter(
              'number and version',
              `${number} and ${version}`,
              `${recipe.number}, ${recipe.version}`,
            );
          }
          this.#keep(recipe);
        } catch (error) {
          const aside = await setAside(this.#disk, dir, file, this.#clock.utc());
          const message = `Recipe ${number} version ${version} is damaged and was set aside as ${aside}: ${asGoodpartError(error).message}`;
          damaged.push(
            new GoodpartError('GP_STATE_DAMAGED', message, { field: `recipes/${folder}/${file}`, cause: error }),
          );
        }
      }
    }
    this.#active = pointer === null ? null : (this.get(pointer.number, pointer.version) ?? null);
    if (pointer !== null && this.#active === null) {
      const message = `The active recipe ${pointer.number} version ${pointer.version} is not there; no recipe is active`;
      damaged.push(new GoodpartError('GP_STATE_DAMAGED', message));
    }
    return damaged;
  }

  /** The recipe that new inspections are judged by, deeply frozen. */
  active(): Recipe | null {
    return this.#active;
  }

  /** A version, or the newest. */
  get(number: number, version?: number): Recipe | undefined {
    const versions = this.#versions.get(number);
    return versions?.get(version ?? Math.max(...versions.keys()));
  }

  /** Newest version of each recipe, by number. */
  list(): Recipe[] {
    return [...this.#versions.keys()].sort((a, b) => a - b).map((number) => this.get(number)!);
  }

  /** All versions of one recipe, newest first. */
  history(number: number): Recipe[] {
    return [...(this.#versions.get(number)?.values() ?? [])].sort((a, b) => b.version - a.version);
  }

  /** Writes the next version of `draft.number` and returns it. Throws GP_CONFIG_INVALID naming the field. */
  save(draft: RecipeDraft): Promise<Recipe> {
    const work = this.#saving.then(() => this.#write(draft));
    this.#saving = work.catch(() => undefined);
    return work;
  }

  async #write(draft: RecipeDraft): Promise<Recipe> {
    const version = (this.#taken.get(draft.number) ?? 0) + 1;
    const recipe = frozenCopy(parseRecipe({ ...draft, schema: 1, version, at: this.#clock.utc() }));
    const dir = join(this.#dir, String(recipe.number));
    await this.#disk.makeDir(dir);
    await this.#disk.replace(join(dir, `${version}.json`), `${JSON.stringify(recipe, null, 2)}\n`);
    this.#taken.set(recipe.number, version);
    this.#keep(recipe);
    this.#onSave();
    return recipe;
  }

  /**
   * Makes a recipe the active one for triggers from now on (open inspections keep theirs); the newest version unless one is named; 0 = none.
   * Throws GP_CONFIG_INVALID where there is no such recipe.
   */
  activate(number: number, o: { version?: number; by?: string; why?: string; rollback?: boolean } = {}): Recipe | null {
    const recipe = this.known(number, o.version);
    this.#active = recipe;
    const pointer = recipe === null ? null : { number: recipe.number, version: recipe.version };
    this.#onActivate(pointer, o.by ?? 'unknown', o.why ?? '', o.rollback ?? false);
    return recipe;
  }

  /** A version, or the newest; null for 0. Throws GP_CONFIG_INVALID where there is none. */
  known(number: number, version?: number): Recipe | null {
    const recipe = number === 0 ? null : this.get(number, version);
    if (recipe !== undefined) return recipe;
    const versions = version === undefined ? [] : this.history(number).map((one) => one.version);
    if (versions.length > 0) {
      throw invalidParameter('recipe version', `one of ${versions.join(', ')}`, version, 'GP_CONFIG_INVALID');
    }
    const known = this.list().map((one) => one.number);
    throw invalidParameter('recipe', `one of ${known.join(', ') || 'none yet'}`, number, 'GP_CONFIG_INVALID');
  }

  #keep(recipe: Recipe): void {
    const versions = this.#versions.get(recipe.number) ?? new Map<number, Recipe>();
    versions.set(recipe.version, frozenCopy(recipe));
    this.#versions.set(recipe.number, versions);
  }
}
