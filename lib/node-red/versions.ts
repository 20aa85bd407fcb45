import type { NodeAPI } from 'node-red';
import { GoodpartError, invalidParameter } from '../core/errors.ts';
import type { Station } from '../station/station.ts';
import { Refused } from './refused.ts';
import { adminRoute, type RouteReply, type RouteRequest } from './routes.ts';
import { findStation } from './stations.ts';

/** What may be said of a change: who asks for it and why, and what exactly. */
interface Asked {
  by: string;
  why: string;
  recipe?: number;
  version?: number;
}

function stationOf({ line, station }: Record<string, string>): Station {
  const found = findStation(line, station);
  if (found !== undefined) return found;
  const text = `Expected a station that a deployed flow has but received ${line}/${station}`;
  throw new Refused(404, new GoodpartError('GP_INPUT_INVALID', text, { field: 'station' }));
}

function askedOf(body: unknown): Asked {
  const { by, why, recipe, version, ...rest } = (body ?? {}) as Record<string, unknown>;
  const [stranger] = Object.keys(rest);
  if (stranger !== undefined) throw invalidParameter('the request', 'recipe, version, by and why', stranger);
  const text = (value: unknown, field: string, most: number, preset: string) => {
    if (value === undefined) return preset;
    if (typeof value === 'string' && value.length <= most) return value;
    throw invalidParameter(field, `a text of at most ${most} characters`, value);
  };
  const whole = (value: unknown, field: string, least: number) => {
    if (value === undefined || (Number.isInteger(value) && (value as number) >= least)) return value as number;
    throw invalidParameter(field, `a whole number from ${least}`, value);
  };
  return {
    by: text(by, 'by', 128, 'admin API'),
    why: text(why, 'why', 500, ''),
    recipe: whole(recipe, 'recipe', 0),
    version: whole(version, 'version', 1),
  };
}

/** What cannot be done now is no bad request: nothing has changed. */
async function conflict(work: () => Promise<RouteReply>): Promise<RouteReply> {
  try {
    return await work();
  } catch (thrown) {
    const refusal = GoodpartError.is(thrown) && thrown.code.startsWith('GP_SWITCH_');
    throw refusal ? new Refused(409, thrown) : thrown;
  }
}

/** A station's versions: listed behind `goodpart.read`; into shadow, live and back behind `goodpart.write`. */
export function serveVersions(RED: NodeAPI): void {
  adminRoute(RED, 'get', 'stations/:line/:station/versions', 'goodpart.read', ({ params }) => ({
    body: stationOf(params).versions(),
  }));
  const change = (name: string, act: (station: Station, asked: Asked) => Promise<string>) => {
    const path = `stations/:line/:station/${name}`;
    adminRoute(RED, 'post', path, 'goodpart.write', ({ params, body }: RouteRequest) =>
      conflict(async () => {
        const station = stationOf(params);
        const text = await act(station, askedOf(body));
        return { body: { text, ...station.versions() } };
      }),
    );
  };
  change('shadow', async (station, { recipe = station.recipes.active()?.number ?? 0, ...asked }) => {
    const before = station.shadow;
    const shadow = station.chooseShadow(recipe, asked);
    if (shadow === null)
      return before ? `No version runs in shadow any more: ${before.text}` : 'No version runs in shadow';
    const { number, version, beside } = shadow;
    return `Recipe ${number} version ${version} runs in shadow beside version ${beside}: ${shadow.text}`;
  });
  change('promote', async (station, { by, why }) => (await station.promote({ by, why })).text);
  change('rollback', async (station, { by, why, recipe }) => (await station.rollback({ by, why, recipe })).text);
}
