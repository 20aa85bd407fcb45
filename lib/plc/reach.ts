import { once } from 'node:events';
import { Socket } from 'node:net';
import { GoodpartError } from '../core/errors.ts';

const reasons: Record<string, string> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'no route to its network',
  ENOTFOUND: 'host name not known',
  EAI_AGAIN: 'host name not known',
  ETIMEDOUT: 'no answer',
  ABORT_ERR: 'given up',
};

/** A connected socket within `timeoutMs`, or a rejection with one sentence. The caller listens to its errors. */
export async function reach(host: string, port: number, timeoutMs: number, signal: AbortSignal): Promise<Socket> {
  const socket = new Socket();
  const late = AbortSignal.timeout(timeoutMs);
  try {
    const connected = once(socket, 'connect', { signal: AbortSignal.any([signal, late]) });
    socket.connect({ host, port });
    await connected;
    return socket;
  } catch (error) {
    socket.on('error', () => {});
    socket.destroy();
    const { code, message } = error as NodeJS.ErrnoException;
    const why = late.aborted ? `no answer within ${timeoutMs} ms` : (reasons[code ?? ''] ?? message);
    throw new GoodpartError('GP_ENDPOINT_FAILED', `cannot reach ${host}:${port}: ${why}`, { cause: error });
  }
}
