import { parentPort } from 'node:worker_threads';
import { systemClock } from '../core/clock.ts';
import { asGoodpartError, GoodpartError } from '../core/errors.ts';
import type { Call, CallBody, CallResult, Settled } from './run-thread.ts';
import { Session } from './session.ts';

/** The thread that runs graphs, one call after the other. */
const sessions = new Map<string, Session>();

const calls: { [op in keyof Call]: (body: CallBody<op>) => Promise<CallResult<op>> } = {
  open: async ({ key, bytes, sha256, threads }) => {
    await sessions.get(key)?.dispose();
    sessions.delete(key);
    const session = await Session.open(bytes, { sha256, threads });
    sessions.set(key, session);
    return { inputs: session.inputs, outputs: session.outputs, provider: session.provider };
  },
  close: async ({ key }) => {
    const session = sessions.get(key);
    sessions.delete(key);
    await session?.dispose();
    return null;
  },
  run: async ({ key, feeds, wanted, deadline }) => {
    const began = systemClock.mono();
    if (began > deadline)
      throw new GoodpartError('GP_CHILD_DEADLINE', 'The deadline had passed before the model could run');
    const outputs = await open(key).run(feeds, wanted);
    return { outputs, began, ended: systemClock.mono() };
  },
};

/** Memory that goes over to the other thread instead of being copied: what ONNX Runtime wrote the outputs into, fresh with each run. */
function moved(op: keyof Call, { result }: Settled): ArrayBuffer[] {
  if (op !== 'run' || result === undefined) return [];
  const memory = Object.values((result as CallResult<'run'>).outputs).map(({ data }) => data.buffer);
  return memory.filter((buffer) => buffer instanceof ArrayBuffer);
}

function open(key: string): Session {
  const session = sessions.get(key);
  if (session === undefined) throw new GoodpartError('GP_MODEL_INVALID', `Model ${key} is not loaded`);
  return session;
}

let last: Promise<void> = Promise.resolve();

parentPort?.on('message', ({ id, op, body }: { id: number; op: keyof Call; body: never }) => {
  last = last.then(async () => {
    let settled: Settled;
    try {
      settled = { id, result: await calls[op](body) };
    } catch (thrown) {
      settled = { id, error: asGoodpartError(thrown, 'GP_ENGINE_FAILED').toJSON() };
    }
    parentPort?.postMessage(settled, moved(op, settled));
  });
});
