import { join } from 'node:path';
import type { NodeAPI } from 'node-red';
import { GoodpartError, invalidParameter } from '../core/errors.ts';
import { encodeName } from '../core/ids.ts';
import type { StationMode } from '../core/inspection.ts';
import { Station } from '../station/station.ts';
import { claim } from './claims.ts';
import { type Lease, resources } from './resources.ts';

export interface StationSettings {
  line: string;
  station: string;
  deadlineMs: number;
  maxOpen: number;
  staleAfterMs: number;
  acknowledged: boolean;
  /** Used only where nothing is saved yet. */
  mode: StationMode;
}

const live = new Map<string, Station>();
const identity = (line: string, station: string) => `${encodeName(line)}/${encodeName(station)}`;

/** `<userDir>/goodpart`: models, certificates and stations. */
export function dataFolder(RED: NodeAPI): string {
  const userDir: unknown = RED.settings.userDir;
  if (typeof userDir !== 'string' || userDir === '') throw invalidParameter('settings.userDir', 'a folder', userDir);
  return join(userDir, 'goodpart');
}

/** `<userDir>/goodpart/stations/<line>/<station>`, names encoded. */
export function stationFolder(RED: NodeAPI, line: string, station: string): string {
  return join(dataFolder(RED), 'stations', encodeName(line), encodeName(station));
}

/**
 * Takes the station of that identity for a configuration node. It lives on over deploys: sequence, latch, ledger and
 * counters belong to the line/station identity, not to a node (law 6).
 */
export async function takeStation(RED: NodeAPI, owner: string, settings: StationSettings): Promise<Lease<Station>> {
  const key = identity(settings.line, settings.station);
  const dir = stationFolder(RED, settings.line, settings.station);
  // two nodes of one identity would overwrite each other's settings
  const giveBack = claim(`station ${dir}`, owner, () => {
    const text = `Expected one station node for ${settings.line}/${settings.station} but there is another one`;
    const expected = 'a line/station name of its own';
    return new GoodpartError('GP_CONFIG_INVALID', text, { field: 'station', expected, received: key });
  });
  try {
    const { value, release } = await resources.take(`station ${dir}`, {
      create: async () => {
        const station = await Station.open({ ...settings, dir });
        station.setMaxListeners(0); // every node of the station listens, and there may be many
        return station;
      },
      destroy: async (station) => {
        live.delete(key);
        await station.close();
      },
    });
    live.set(key, value);
    const { deadlineMs, maxOpen, staleAfterMs, acknowledged } = settings;
    value.configure({ deadlineMs, maxOpen, staleAfterMs, acknowledged });
    return {
      value,
      release: () => {
        giveBack();
        return release();
      },
    };
  } catch (error) {
    giveBack();
    throw error;
  }
}

/** The running station of that name; undefined where no deployed flow has one. */
export function findStation(line: string, station: string): Station | undefined {
  return live.get(identity(line, station));
}

export function liveStations(): Station[] {
  return [...live.values()];
}
