import { writeSync } from 'node:fs';
import { encodeMessage, type Message } from './framing.ts';

/** The file descriptor on which a thread of a child answers. */
export const answersFd = 5;
/** The kernel takes three of this size although nobody reads just now (measured). Larger ones are for the main thread, which can wait for the reader. */
const largest = 64 * 1024;
const gone: (string | undefined)[] = ['EPIPE', 'ECONNRESET'];

/**
 * Answers the parent from a thread that did the work: the main thread, which received the request, need not be woken in between (`threadAnswers` of
 * a SupervisedChild). One thread of a child, whole answers, one after the other. False where it is too large for that: the main thread must send it.
 * Blocks while the parent does not read and the kernel takes no more. Throws where the child has no such channel.
 */
export function answerFromThread(reply: Omit<Message, 'kind'>): boolean {
  const bytes = Buffer.concat(encodeMessage({ ...reply, kind: 'reply' }));
  if (bytes.length > largest) return false;
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(answersFd, bytes, at);
  } catch (error) {
    // the parent is gone: the end of the other channel says so
    if (!gone.includes((error as NodeJS.ErrnoException).code)) throw error;
  }
  return true;
}
