import { parentPort } from 'node:worker_threads';
import { answerFromThread } from '../../lib/process/thread-answers.ts';

/** Gives the parent back what it is given, and says whether it did. */
parentPort?.on('message', ({ request, body, payloads }: { request: number; body: unknown; payloads: Uint8Array[] }) => {
  const bytes = payloads.map((payload) => Buffer.from(payload));
  parentPort?.postMessage(answerFromThread({ id: request, type: 'thread', body, payloads: bytes }));
});
