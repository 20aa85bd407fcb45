import { systemClock } from '../core/clock.ts';
import type { GoodpartError } from '../core/errors.ts';
import { type Disk, realDisk } from './disk.ts';
import { RecipeStore } from './recipe-store.ts';
import { restore } from './restore.ts';
import { loadState } from './state-store.ts';
import { listVersions, type VersionList } from './version-list.ts';

const nothing = async () => {};

/** What lies in the folder belongs to the station, which may run: nothing is written, moved or locked. */
const readOnly: Disk = {
  ...{ read: realDisk.read, list: realDisk.list },
  ...{ replace: nothing, append: nothing, rename: nothing, remove: nothing, makeDir: nothing },
};

/** A station's versions as its folder has them now, whoever owns it; `damaged`: what could not be read. */
export async function readVersions(dir: string): Promise<VersionList & { damaged: GoodpartError[] }> {
  const utc = systemClock.utc();
  const loaded = await loadState(readOnly, dir, utc);
  const { recipe: live, shadow, activations } = restore(loaded, Date.parse(utc));
  const recipes = new RecipeStore({ dir, disk: readOnly, clock: systemClock, onActivate: () => {} });
  const damaged = [...loaded.damaged, ...(await recipes.load(live))];
  return { ...listVersions({ recipes, live, shadow, activations }), damaged };
}
