import type { IncomingMessage } from 'node:http';
import { GoodpartError } from '../core/errors.ts';
import { Refused } from './refused.ts';

export const uploadTypes = ['image/jpeg', 'image/png', 'application/octet-stream'];

const mostAtOnce = 4;
const longestMs = 30_000;
let reading = 0;

const refused = (status: number, expected: string, received: string) =>
  new Refused(
    status,
    new GoodpartError('GP_INPUT_INVALID', `Expected ${expected} for the upload but received ${received}`, {
      field: 'upload',
      expected,
      received,
    }),
  );

/** The bytes of a request. Rejects with 413 for more than `maxBytes`, 408 for too slow, 503 while others are being read. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const tooMuch = (received: string) => refused(413, `at most ${maxBytes} bytes`, received);
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > maxBytes) throw tooMuch(`${announced} bytes`);
  if (reading >= mostAtOnce) throw refused(503, `at most ${mostAtOnce} uploads at once`, 'one more');
  reading += 1;
  let settle: ((error: Error) => void) | undefined;
  const timer = setTimeout(
    () => settle?.(refused(408, `a whole picture within ${longestMs / 1000} s`, 'part of one')),
    longestMs,
  );
  try {
    return await new Promise<Buffer>((resolve, reject) => {
      settle = reject;
      const chunks: Buffer[] = [];
      let bytes = 0;
      request.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > maxBytes) reject(tooMuch('more'));
        else chunks.push(chunk);
      });
      request.on('end', () => resolve(Buffer.concat(chunks)));
      const gone = () => reject(refused(400, 'a whole picture', 'part of one'));
      request.on('error', gone);
      request.on('aborted', gone);
    });
  } finally {
    clearTimeout(timer);
    request.removeAllListeners('data');
    request.pause();
    reading -= 1;
  }
}
