import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { asGoodpartError } from '../core/errors.ts';
import type { Lineage, ModelDescription } from '../scoring/model-schema.ts';
import { ModelStore, readDescription } from '../scoring/model-store.ts';
import { readVersions } from '../station/read-versions.ts';
import type { VersionList, VersionState } from '../station/version-list.ts';
import { type Answer, type CommandSpec, exitCodes, exitCodesHelp, type Given } from './command.ts';
import { shownScore, table } from './table.ts';

const usage = `goodpart versions [options]

Lists every version of every model with its lineage: when it was made, by which software and
settings, from which pictures, from which version it goes on; its limits; and which station has it
live, in shadow, as a candidate or from before. Reads only; Node-RED may run meanwhile.

  --user-dir DIR           Node-RED's user directory (default: $NODE_RED_HOME or ~/.node-red)
  --model NAME             only this model
  --json                   one JSON object: models, stations, damaged

${exitCodesHelp}`;

export const versionsCommand: CommandSpec = {
  name: 'versions',
  usage,
  options: { 'user-dir': { type: 'string', short: 'u' }, model: { type: 'string' } },
  run,
};

interface Use {
  line: string;
  station: string;
  view: string;
  recipe: number;
  version: number;
  state: VersionState;
}

interface ListedModel {
  name: string;
  version: string;
  createdAt: string;
  sha256: string;
  tool: string;
  /** Null for versions from before it was kept, and for models trained elsewhere. */
  lineage: Lineage | null;
  trainingSet: ModelDescription['trainingSet'];
  limits: { median: number; warn: number; fail: number };
  parent: { version: string; sha256: string } | null;
  usedBy: Use[];
}

type ListedStation = VersionList & { line: string; station: string };

async function run(given: Given): Promise<Answer> {
  const userDir = given.text('user-dir') ?? process.env.NODE_RED_HOME ?? join(homedir(), '.node-red');
  const data = join(resolve(userDir), 'goodpart');
  const damaged: string[] = [];
  const stations = await stationsIn(join(data, 'stations'), damaged);
  const models = await modelsIn(join(data, 'models'), given.text('model'), stations);
  return {
    json: { ok: true, userDir: resolve(userDir), models, stations, damaged },
    text: [...modelLines(models), '', ...stationLines(stations), ...damaged.map((text) => `Damaged: ${text}`)].join(
      '\n',
    ),
    code: exitCodes.done,
  };
}

async function stationsIn(root: string, damaged: string[]): Promise<ListedStation[]> {
  const found: ListedStation[] = [];
  for (const line of await folders(root)) {
    for (const station of await folders(join(root, line))) {
      const { damaged: bad, ...versions } = await readVersions(join(root, line, station));
      found.push({ line: decodeURIComponent(line), station: decodeURIComponent(station), ...versions });
      damaged.push(
        ...bad.map(({ message }) => `${decodeURIComponent(line)}/${decodeURIComponent(station)}: ${message}`),
      );
    }
  }
  return found;
}

async function modelsIn(root: string, name: string | undefined, stations: ListedStation[]): Promise<ListedModel[]> {
  const models: ListedModel[] = [];
  for (const stored of await new ModelStore(root).list()) {
    if (name !== undefined && stored.name !== name) continue;
    const {
      version,
      createdAt,
      sha256,
      tool,
      lineage = null,
      trainingSet,
      calibration,
    } = await readDescription(stored.dir);
    const { median, warn, fail } = calibration;
    models.push({
      ...{ name: stored.name, version, createdAt, sha256, tool, lineage, trainingSet, limits: { median, warn, fail } },
      parent: lineage?.parent ?? (await parentIn(stored.dir)),
      usedBy: stations.flatMap((one) => usesOf(one, sha256, stored.name, version)),
    });
  }
  return models;
}

/** Of a version from before model.json had it. */
async function parentIn(dir: string): Promise<ListedModel['parent']> {
  try {
    const { parent } = JSON.parse(await readFile(join(dir, 'training.json'), 'utf8')) as {
      parent: ListedModel['parent'];
    };
    return parent ?? null;
  } catch {
    return null;
  }
}

function usesOf({ line, station, recipes }: ListedStation, sha256: string, name: string, version: string): Use[] {
  return recipes.flatMap((recipe) =>
    Object.entries(recipe.models)
      .filter(([, model]) => model.name === name && model.version === version && model.sha256 === sha256)
      .map(([view]) => ({ line, station, view, recipe: recipe.number, version: recipe.version, state: recipe.state })),
  );
}

async function folders(path: string): Promise<string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map(({ name }) => name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw asGoodpartError(error);
  }
}

const minute = (utc: string) => utc.slice(0, 16).replace('T', ' ');

function modelLines(models: ListedModel[]): string[] {
  if (models.length === 0) return ['No model was learned or imported yet.'];
  const heading = [
    'model',
    'version',
    'made (UTC)',
    'from',
    'images',
    'pictures',
    'sha256',
    'median',
    'warn',
    'fail',
    'software',
  ];
  const rows = models.map(({ name, version, createdAt, parent, trainingSet, sha256, limits, lineage, tool }) => [
    ...[name, version, minute(createdAt), parent ? `version ${parent.version}` : '-', String(trainingSet.images)],
    ...[trainingSet.digest.slice(0, 12) || '-', sha256.slice(0, 12)],
    ...[limits.median, limits.warn, limits.fail].map(shownScore),
    lineage?.software ?? tool.split(/[:;]/)[0],
  ]);
  const details = models.flatMap(({ name, version, tool, lineage, usedBy }) => [
    '',
    `${name} version ${version}`,
    `  ${tool}`,
    ...(lineage ? [`  settings: ${settingsText(lineage)}`] : []),
    ...(usedBy.length === 0 ? ['  no recipe uses it'] : usedBy.map((use) => `  ${useText(use)}`)),
  ]);
  return [table([heading, ...rows], ''), ...details];
}

function settingsText({ settings }: Lineage): string {
  const { made: _, ...asked } = settings;
  return Object.entries(asked)
    .map(([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
    .join(', ');
}

const useText = ({ line, station, view, recipe, version, state }: Use) =>
  `${line}/${station}, view ${view}: recipe ${recipe} version ${version}, ${state}`;

function stationLines(stations: ListedStation[]): string[] {
  return stations.flatMap(({ line, station, live, shadow, recipes, activations }) => {
    const candidates = recipes.filter(({ state }) => state === 'candidate');
    const [last] = activations;
    return [
      `${line}/${station}`,
      live ? `  live: recipe ${live.number} version ${live.version}` : '  live: none',
      ...(last ? [`    since ${minute(last.utc)} UTC by ${last.by}${last.why ? `: ${last.why}` : ''}`] : []),
      ...(shadow ? [`  in shadow: version ${shadow.version} beside ${shadow.beside}: ${shadow.text}`] : []),
      ...candidates.map(
        ({ number, version, author, reason }) =>
          `  candidate: recipe ${number} version ${version} by ${author}: ${reason}`,
      ),
    ];
  });
}
