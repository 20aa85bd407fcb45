import { writeSync } from 'node:fs';
import { encodeMessage, type Message } from './framing.ts';

/** The file descriptor on which a thread of a child answers. */
export const answersFd = 5;
/** The kernel takes a few of this size although nobody reads just now. Larger ones are for the main thread, which can wait for the reader. */
const largest = 64 * 1024;

/**
 * Answers the parent from a thread that did the work: the main thread, which received the request, need not be woken in between (`threadAnswers` of
 * a SupervisedChild). One thread of a child, whole answers, one after the other. False where it is too large for that: the main thread must send it.
 */
export function answerFromThread(reply: Omit<Message, 'kind'>): boolean {
  const bytes = Buffer.concat(encodeMessage({ ...reply, kind: 'reply' }));
  if (bytes.length > largest) return false;
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(answersFd, bytes, at);
  } catch {
    // the parent is gone: the end of the other channel says so
  }
  return true;
}
