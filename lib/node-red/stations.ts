import { join } from 'node:path';
import type { NodeAPI } from 'node-red';
import { GoodpartError, invalidParameter } from '../core/errors.ts';
import { encodeName } from '../core/ids.ts';
import type { StationMode } from '../core/inspection.ts';
import { Station } from '../station/station.ts';
import { type Lease, resources } from './resources.ts';

export interface StationSettings {
  line: string;
  station: string;
  deadlineMs: number;
  maxOpen: number;
  staleAfterMs: number;
  /** Used only where nothing is saved yet. */
  mode: StationMode;
}

interface Live {
  station: Station;
  /** The configuration node that speaks for it: two nodes of one identity would overwrite each other's settings. */
  owner: string;
}

const live = new Map<string, Live>();
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
  const other = live.get(key);
  if (other !== undefined && other.owner !== owner && RED.nodes.getNode(other.owner)) {
    throw new GoodpartError(
      'GP_CONFIG_INVALID',
      `Expected one station node for ${settings.line}/${settings.station} but there is another one`,
      { field: 'station', expected: 'a line/station name of its own', received: key },
    );
  }
  const dir = stationFolder(RED, settings.line, settings.station);
  const lease = await resources.take(`station ${dir}`, {
    create: () => Station.open({ ...settings, dir }),
    destroy: async (station) => {
      live.delete(key);
      await station.close();
    },
  });
  live.set(key, { station: lease.value, owner });
  const { deadlineMs, maxOpen, staleAfterMs } = settings;
  lease.value.configure({ deadlineMs, maxOpen, staleAfterMs });
  return lease;
}

/** The running station of that name; undefined where no deployed flow has one. */
export function findStation(line: string, station: string): Station | undefined {
  return live.get(identity(line, station))?.station;
}

export function liveStations(): Station[] {
  return [...live.values()].map(({ station }) => station);
}
