import type { Server, Socket } from 'node:net';
import type { OPCUAServer, ServerSession } from 'node-opcua';
import type { PkiStore } from './pki-store.ts';

/** A client that asks more than it reads is not heard any more at this backlog, bytes. */
const maxBacklog = 256 * 1024;
const lookMs = 250;
const trustLookMs = 1000;

/**
 * Frees a server's few places: connections without a session and sessions whose connection broke are given up after `halfOpenMs`
 * (clients ask for sessions of an hour, and a PLC that restarts leaves one behind each time); so are clients that do not read
 * what they asked for. Call it before the server starts; the answer ends the watch.
 */
export function watchChannels(server: OPCUAServer, halfOpenMs: number): () => void {
  const since = new WeakMap<object, number>();
  const sessions = new Set<ServerSession>();
  const sockets = new Set<Socket>();
  const overdue = (one: object, half: boolean, now: number) => {
    if (!half) since.delete(one);
    else if (!since.has(one)) since.set(one, now);
    return half && now - (since.get(one) ?? now) > halfOpenMs;
  };
  const look = () => {
    const now = performance.now();
    for (const socket of sockets) if (overdue(socket, socket.writableLength > maxBacklog, now)) socket.destroy();
    const channels = server.endpoints.flatMap((endpoint) => endpoint.getChannels());
    for (const channel of channels) if (overdue(channel, !channel.hasSession, now)) channel.close(() => {});
    const live = new Set(channels);
    for (const session of sessions) {
      // the library leaves a session tied to a connection that is gone
      const tied = session.channel !== undefined && live.has(session.channel);
      if (overdue(session, !tied, now)) server.engine?.closeSession(session.authenticationToken, true, 'Terminated');
    }
  };
  server.on('create_session', (session) => sessions.add(session));
  server.on('session_closed', (session) => sessions.delete(session));
  for (const endpoint of server.endpoints) {
    (endpoint as unknown as { _server: Server })._server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      takeTurns(socket);
    });
  }
  const timer = setInterval(look, lookMs);
  return () => clearInterval(timer);
}

/** Ends the connections of clients that people do not trust any more. Call it while the server runs; the answer ends the watch. */
export function watchTrust(server: OPCUAServer, store: Pick<PkiStore, 'look' | 'verifyCertificate'>): () => void {
  let looking = false;
  let known = '';
  /** Looked at since the last change: who came and lost the trust between two looks shows no change. */
  let checked = new WeakSet<object>();
  const look = async () => {
    const seen = await store.look();
    if (seen !== known) checked = new WeakSet();
    known = seen;
    for (const channel of server.endpoints.flatMap((endpoint) => endpoint.getChannels())) {
      const { clientCertificate } = channel;
      if (clientCertificate === null || checked.has(channel)) continue;
      if ((await store.verifyCertificate(clientCertificate)) === 'Good') checked.add(channel);
      else channel.close(() => {});
    }
  };
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    look()
      .catch(() => {}) // the folder may be being changed: again at the next look
      .finally(() => {
        looking = false;
      });
  }, trustLookMs);
  return () => clearInterval(timer);
}

/** One chunk of a client in one turn of the loop: the system would hand over two megabytes of requests, and the others wait. */
function takeTurns(socket: Socket): void {
  const resume = () => socket.resume();
  socket.on('data', () => {
    socket.pause();
    setImmediate(() => {
      if (socket.writableLength > maxBacklog) socket.once('drain', resume);
      else resume();
    });
  });
}
