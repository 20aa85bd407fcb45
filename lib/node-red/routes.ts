import type { NodeAPI } from 'node-red';
import { asGoodpartError, GoodpartError } from '../core/errors.ts';
import { Refused } from './refused.ts';
import { readBody, uploadTypes } from './request-body.ts';

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

/** A request whose body are bytes, read when the handler asks for them. */
export interface UploadRequest extends Omit<RouteRequest, 'body'> {
  /** Rejects with `Refused` (408, 413, 503), also where the sender goes away. */
  read(): Promise<Buffer>;
}

export type Permission = `goodpart.${'read' | 'write'}`;
type Handler = (request: RouteRequest) => Promise<RouteReply> | RouteReply;
type Method = 'get' | 'post';
type App = NodeAPI['httpAdmin'];
type Request = Parameters<Parameters<App['get']>[1]>[0];

const known = new WeakMap<object, Set<string>>();

/**
 * The only way a route comes into being: under `goodpart/…` of Node-RED's admin API, behind a permission, GET too (law 9).
 * Registered once for each admin app, whatever is deployed; an error becomes a JSON answer, never an exception. A POST must
 * be JSON, which a foreign page's form cannot send.
 */
export function adminRoute(RED: NodeAPI, method: Method, path: string, permission: Permission, handler: Handler): void {
  const types = method === 'post' ? ['application/json'] : null;
  route(RED, { method, path, permission, types }, ({ params, query, body }) =>
    handler({ params: params as Record<string, string>, query, body }),
  );
}

/**
 * As `adminRoute`, for a POST whose body are bytes: a picture's type or application/octet-stream, which a foreign page's form
 * cannot send either. Of all uploads at once few are read, each at most `maxBytes` and in bounded time.
 */
export function uploadRoute(
  RED: NodeAPI,
  { path, permission, maxBytes }: { path: string; permission: Permission; maxBytes: number },
  handler: (request: UploadRequest) => Promise<RouteReply> | RouteReply,
): void {
  route(RED, { method: 'post', path, permission, types: uploadTypes }, (request) => {
    const { params, query } = request;
    return handler({ params: params as Record<string, string>, query, read: () => readBody(request, maxBytes) });
  });
}

function route(
  RED: NodeAPI,
  o: { method: Method; path: string; permission: Permission; types: string[] | null },
  handler: (request: Request) => Promise<RouteReply> | RouteReply,
): void {
  const { method, path, permission, types } = o;
  const app = RED.httpAdmin;
  const routes = known.get(app) ?? new Set<string>();
  known.set(app, routes);
  if (routes.has(`${method} ${path}`)) return;
  routes.add(`${method} ${path}`);
  app[method](`/goodpart/${path}`, RED.auth.needsPermission(permission), (request, response) => {
    const answer = async () => {
      response.set({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' });
      if (types !== null && !request.is(types)) {
        response.status(415).json({ message: `Expected ${types.join(', ')}` });
        return;
      }
      const reply = await handler(request);
      response.status(reply.status ?? 200).set(reply.headers ?? {});
      if (typeof reply.body === 'string' || Buffer.isBuffer(reply.body)) {
        response.type(reply.type ?? 'text/plain').send(reply.body);
      } else response.json(reply.body);
    };
    answer().catch((thrown: unknown) => {
      const error = asGoodpartError(thrown);
      if (response.headersSent) return;
      // of a body that was not read to its end the rest must not become the next request
      if (!request.complete) response.set('Connection', 'close');
      const status = thrown instanceof Refused ? thrown.status : GoodpartError.is(thrown) ? 400 : 500;
      response.status(status).json(error.toJSON());
    });
  });
}
