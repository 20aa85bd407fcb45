import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { GoodpartError } from '../core/errors.ts';
import type { ScoreReply } from './engine-wire.ts';
import type { ModelDescription } from './model-schema.ts';
import type { Prepared, Ran } from './score-reply.ts';
import type { TensorInfo, TensorInput } from './session.ts';

/** What the thread can be asked: body and result of each call. */
export interface Call {
  open: {
    body: { key: string; bytes: Uint8Array; model: ModelDescription; threads: number };
    result: { inputs: readonly TensorInfo[]; outputs: readonly TensorInfo[]; provider: string };
  };
  close: { body: { key: string }; result: null };
  /**
   * The outputs that the model wants. Their names do not come with each run: V8 takes a string that came by message for another one each time, and
   * compiled the code that uses it anew every few seconds, for ever (28 bytes a frame until its next full collection).
   */
  run: { body: Run; result: Ran };
  /** Runs, reads score and map, and answers the child's request itself; what is too large for that is the result. */
  score: {
    body: Run & { request: number; prepared: Prepared };
    result: { body: ScoreReply; payloads: Uint8Array[] } | null;
  };
}

interface Run {
  key: string;
  feeds: Record<string, TensorInput>;
  /** Monotonic instant after which running is pointless. */
  deadline: number;
}
export type CallBody<Op extends keyof Call> = Call[Op]['body'];
export type CallResult<Op extends keyof Call> = Call[Op]['result'];

export interface Settled {
  id: number;
  result?: unknown;
  error?: Record<string, unknown>;
}

interface Waiting {
  resolve: (result: never) => void;
  reject: (error: Error) => void;
}

/**
 * The engine child's second thread. ONNX Runtime's run() blocks the thread it is called on: here it blocks only this one, so that the
 * child goes on receiving and decoding the next frame meanwhile. The thread is never ended while it runs (that would abort the
 * process); an engine that must end at once is killed as a whole.
 */
export class RunThread {
  readonly #worker = new Worker(join(__dirname, 'run-worker.js'));
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #ending = false;

  constructor(onFatal: (error: Error) => void) {
    this.#worker.on('message', ({ id, result, error }: Settled) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error) waiting?.reject(GoodpartError.fromJSON(error));
      else waiting?.resolve(result as never);
    });
    this.#worker.on('error', onFatal);
  }

  /** Asks the thread; calls run in the order they were made. Rejects with the GoodpartError thrown there. */
  call<Op extends keyof Call>(op: Op, body: CallBody<Op>): Promise<CallResult<Op>> {
    // a frame that was still being decoded when the end was asked for must not start a run that the end would break
    if (this.#ending) return Promise.reject(new GoodpartError('GP_CHILD_STOPPED', 'The engine is ending'));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, op, body });
    });
  }

  /** Ends the thread once everything asked so far is done. */
  async end(): Promise<void> {
    const done = this.call('close', { key: '' });
    this.#ending = true;
    await done;
    await this.#worker.terminate();
  }
}
