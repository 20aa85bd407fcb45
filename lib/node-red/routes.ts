import type { NodeAPI } from 'node-red';
import { asGoodpartError, GoodpartError } from '../core/errors.ts';

export interface RouteRequest {
  params: Record<string, string>;
  query: Record<string, unknown>;
  body: unknown;
}

export interface RouteReply {
  status?: number;
  type?: string;
  headers?: Record<string, string>;
  body: string | Buffer | object;
}

export type Permission = `goodpart.${'read' | 'write'}`;
type Handler = (request: RouteRequest) => Promise<RouteReply> | RouteReply;

const known = new WeakMap<object, Set<string>>();

/**
 * The only way a route comes into being: under `goodpart/…` of Node-RED's admin API, behind a permission, GET too (law 9).
 * Registered once for each admin app, whatever is deployed; an error becomes a JSON answer, never an exception. A POST must
 * be JSON, which a foreign page's form cannot send.
 */
export function adminRoute(
  RED: NodeAPI,
  method: 'get' | 'post',
  path: string,
  permission: Permission,
  handler: Handler,
): void {
  const app = RED.httpAdmin;
  const routes = known.get(app) ?? new Set<string>();
  known.set(app, routes);
  if (routes.has(`${method} ${path}`)) return;
  routes.add(`${method} ${path}`);
  app[method](`/goodpart/${path}`, RED.auth.needsPermission(permission), (request, response) => {
    const answer = async () => {
      response.set({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' });
      if (method === 'post' && !request.is('application/json')) {
        response.status(415).json({ message: 'Expected application/json' });
        return;
      }
      const { params, query, body } = request;
      const reply = await handler({ params: params as Record<string, string>, query, body });
      response.status(reply.status ?? 200).set(reply.headers ?? {});
      if (typeof reply.body === 'string' || Buffer.isBuffer(reply.body)) {
        response.type(reply.type ?? 'text/plain').send(reply.body);
      } else response.json(reply.body);
    };
    answer().catch((thrown: unknown) => {
      const error = asGoodpartError(thrown);
      const ours = GoodpartError.is(thrown);
      if (!response.headersSent) response.status(ours ? 400 : 500).json(error.toJSON());
    });
  });
}
