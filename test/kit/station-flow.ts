import { join } from 'node:path';
import type { Inspection, ModelIdentity } from '../../lib/core/inspection.ts';
import { findStation } from '../../lib/node-red/stations.ts';
import type { Station } from '../../lib/station/station.ts';
import type { FlowRunner } from './flows.ts';
import { activateTestRecipe, writeTestModel } from './models.ts';
import { until } from './until.ts';

/** The configuration nodes of a station named `station`, its ids prefixed so that two stations fit one flow. */
export function stationNodes(station = 'station1', more: object = {}): object[] {
  return [
    { id: `${station}-tab`, type: 'tab', label: station },
    {
      id: `${station}-station`,
      type: 'goodpart-station',
      line: 'line1',
      station,
      mode: 'run',
      deadlineMs: 3000,
      maxOpen: 2,
      staleAfterMs: 0,
      ...more,
    },
    { id: `${station}-model`, type: 'goodpart-model', model: '', version: '', threads: 1 },
  ];
}

/** Image in, score, rules, out: the ids are `<station>-score`, `-rules`, `-out`; without an output node a verdict closes. */
export function imageFlow(station = 'station1', more: object = {}): object[] {
  const node = (name: string, type: string, to: string[], fields: object = {}) => ({
    id: `${station}-${name}`,
    z: `${station}-tab`,
    type,
    wires: [to.map((id) => `${station}-${id}`)],
    ...fields,
  });
  return [
    ...stationNodes(station, more),
    node('score', 'goodpart-score', ['scored', 'rules'], {
      station: `${station}-station`,
      model: `${station}-model`,
      view: 'main',
      timeoutMs: 2000,
    }),
    node('scored', 'helper', []),
    node('rules', 'goodpart-rules', ['out'], {
      station: `${station}-station`,
      thresholds: 'recipe',
      final: true,
      rois: [],
    }),
    node('out', 'helper', []),
  ];
}

export interface RunningStation {
  station: Station;
  model: ModelIdentity;
  /** Every inspection that was closed, exactly as the ledger says. */
  closed: Inspection[];
}

/** Starts a flow with one or more stations on tiny models, with an active validated recipe, ready to inspect unless they never will be. */
export async function startStations(
  runner: FlowRunner,
  flow: object[],
  { stations = ['station1'], nan = false, views = ['main'], credentials = {}, ready = true } = {},
): Promise<RunningStation[]> {
  const models = join(runner.userDir, 'goodpart', 'models');
  const model = await writeTestModel(models, { nan });
  await runner.start(flow, credentials);
  return Promise.all(
    stations.map(async (name) => {
      const station = await until(`station ${name}`, () => findStation('line1', name));
      const closed: Inspection[] = [];
      station.on('closed', (inspection: Inspection) => closed.push(inspection));
      await activateTestRecipe(station, model, views);
      if (ready) await until(`${name} can take a part`, () => station.credit() > 0);
      return { station, model, closed };
    }),
  );
}
