import type { NodeAPI } from 'node-red';
import { type EndpointView, overviewData, type StationView } from '../console/overview-data.ts';
import { contentSecurityPolicy, newNonce, overviewPage } from '../console/overview-page.ts';
import { StationWatch } from '../console/station-watch.ts';
import { systemClock } from '../core/clock.ts';
import type { Station } from '../station/station.ts';
import { adminRoute } from './routes.ts';
import { liveStations } from './stations.ts';

const watches = new Map<Station, StationWatch>();
const evidence = new Map<string, () => NonNullable<StationView['evidence']>>();
const endpoints = new Map<string, Map<string, () => EndpointView>>();

/** The watch of a running station; one that ended is forgotten. */
export function watchOf(station: Station): StationWatch {
  let watch = watches.get(station);
  if (watch === undefined) {
    watch = new StationWatch(station, systemClock);
    watches.set(station, watch);
  }
  const running = new Set(liveStations());
  for (const [other, old] of watches) {
    if (other === station || running.has(other)) continue;
    old.stop();
    watches.delete(other);
  }
  return watch;
}

/** Shows a station's evidence on the console until the answer is called. */
export function showEvidence(stationId: string, state: () => NonNullable<StationView['evidence']>): () => void {
  evidence.set(stationId, state);
  return () => {
    if (evidence.get(stationId) === state) evidence.delete(stationId);
  };
}

/** Shows an endpoint of a station on the console until the answer is called. */
export function showEndpoint(stationId: string, key: string, state: () => EndpointView): () => void {
  const mine = endpoints.get(stationId) ?? new Map<string, () => EndpointView>();
  endpoints.set(stationId, mine);
  mine.set(key, state);
  return () => {
    if (mine.get(key) === state) mine.delete(key);
  };
}

/** The console's routes: the page and its data, both behind `goodpart.read`. */
export function serveConsole(RED: NodeAPI): void {
  adminRoute(RED, 'get', 'overview', 'goodpart.read', () => {
    const nonce = newNonce();
    return {
      type: 'text/html',
      headers: { 'Content-Security-Policy': contentSecurityPolicy(nonce) },
      body: overviewPage(nonce),
    };
  });
  adminRoute(RED, 'get', 'overview.json', 'goodpart.read', () => {
    const views = liveStations().map((station) =>
      watchOf(station).view({
        evidence: evidence.get(station.id),
        endpoints: () => [...(endpoints.get(station.id)?.values() ?? [])].map((state) => state()),
      }),
    );
    return { body: overviewData(views, { mono: systemClock.mono(), utc: systemClock.utc() }) };
  });
}
