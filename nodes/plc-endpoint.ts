import { createHash } from 'node:crypto';
import type { EndpointView } from '../lib/console/overview-data.ts';
import type { StationSnapshot } from '../lib/core/snapshot.ts';
import type { PlcEndpoint } from '../lib/node-red/define-output.ts';
import { type Lease, resources } from '../lib/node-red/resources.ts';
import { liveStations } from '../lib/node-red/stations.ts';
import { PlcLink } from '../lib/plc/plc-link.ts';
import type { EndpointState } from '../lib/plc/settings.ts';
import type { ToldResult } from '../lib/plc/station-state.ts';
import type { Station } from '../lib/station/station.ts';

/** The decision loop says this often that it is alive; the PLC's heartbeat stops when it no longer does. */
const aliveMs = 250;

/** The one PLC child of this process, shared by all endpoints of both protocols. */
function takeLink(): Promise<Lease<PlcLink>> {
  let alive: NodeJS.Timeout | undefined;
  return resources.take('plc', {
    create: async () => {
      const link = new PlcLink();
      alive = setInterval(() => link.alive(), aliveMs);
      alive.unref();
      link.on('told', sayTheSame);
      link.on('command', (stationId, command, at) => stationOf(stationId)?.obey(command, at));
      return link;
    },
    destroy: async (link) => {
      clearInterval(alive);
      await link.stop();
    },
  });
}

/** Runs with the PLC child, which is started where it does not run yet and goes again after a while. */
export async function withLink<T>(work: (link: PlcLink) => Promise<T>): Promise<T> {
  const { value, release } = await takeLink();
  try {
    return await work(value);
  } finally {
    await release();
  }
}

/** While this process hung, the PLC was told that these parts are invalid: the ledger must not say otherwise later. */
function sayTheSame(stationId: string, results: ToldResult[]): void {
  for (const { sequence } of results) stationOf(stationId)?.invalidateHung(sequence);
}

function stationOf(id: string): Station | undefined {
  return liveStations().find((station) => station.id === id);
}

type About = Pick<EndpointView, 'name' | 'protocol' | 'address'> & { role: 'server' | 'client' };

/**
 * An endpoint that survives deploys: `open` tells the PLC child to open it under the given key. Resolves with what output
 * nodes need and how to give it back.
 */
export async function takeEndpoint(
  owner: string,
  about: About,
  options: object,
  open: (link: PlcLink, key: string) => void,
): Promise<Lease<PlcEndpoint>> {
  // hashed, because it may hold a password and keys are shown
  const key = `${owner} ${createHash('sha256').update(JSON.stringify(options)).digest('hex').slice(0, 16)}`;
  return resources.take(`endpoint ${key}`, {
    group: `endpoint ${owner}`,
    create: async () => {
      const { value: link, release } = await takeLink();
      try {
        open(link, key);
      } catch (error) {
        await release();
        throw error;
      }
      const close = () => {
        link.closeEndpoint(key);
        return release();
      };
      return { ...endpointOf(link, key, about), close };
    },
    destroy: ({ close }) => close(),
  });
}

function endpointOf(link: PlcLink, key: string, { role, ...about }: About): PlcEndpoint {
  return {
    key,
    attach: (snapshot: StationSnapshot, slot: number) => {
      link.publish(snapshot);
      link.attach(key, snapshot.id, slot);
      return () => link.detach(key, snapshot.id);
    },
    publish: (snapshot) => link.publish(snapshot),
    state: () => {
      const { state, text, clients } = link.endpointState(key) ?? { state: 'opening', text: 'opening', clients: 0 };
      const who = clients === 1 ? '1 client' : `${clients} clients`;
      const ok = state === 'open';
      return { ...about, clients, ok, text: ok && role === 'server' ? `${text}, ${who}` : text };
    },
    onState: (callback) => {
      const listener = (changed: string, _state: EndpointState) => {
        if (changed === key) callback();
      };
      link.on('endpoint', listener);
      return () => {
        link.off('endpoint', listener);
      };
    },
  };
}
