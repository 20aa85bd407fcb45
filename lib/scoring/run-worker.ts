import { parentPort } from 'node:worker_threads';
import { systemClock } from '../core/clock.ts';
import { asGoodpartError, GoodpartError } from '../core/errors.ts';
import { answerFromThread } from '../process/thread-answers.ts';
import { wantedOutputs } from './fit.ts';
import type { ModelDescription } from './model-schema.ts';
import type { Call, CallBody, CallResult, Settled } from './run-thread.ts';
import { scoreReply } from './score-reply.ts';
import { Session } from './session.ts';

interface Opened {
  session: Session;
  model: ModelDescription;
  wanted: string[];
}

/** The thread that runs graphs, one call after the other. */
const opened = new Map<string, Opened>();

const calls: { [op in keyof Call]: (body: CallBody<op>) => Promise<CallResult<op>> } = {
  open: async ({ key, bytes, model, threads }) => {
    await opened.get(key)?.session.dispose();
    opened.delete(key);
    const session = await Session.open(bytes, { sha256: model.sha256, threads });
    opened.set(key, { session, model, wanted: wantedOutputs(model) });
    return { inputs: session.inputs, outputs: session.outputs, provider: session.provider };
  },
  close: async ({ key }) => {
    const closed = opened.get(key);
    opened.delete(key);
    await closed?.session.dispose();
    return null;
  },
  run: async ({ key, feeds, deadline }) => {
    const began = systemClock.mono();
    if (began > deadline)
      throw new GoodpartError('GP_CHILD_DEADLINE', 'The deadline had passed before the model could run');
    const { session, wanted } = find(key);
    const outputs = await session.run(feeds, wanted);
    return { outputs, began, ended: systemClock.mono() };
  },
  score: async ({ request, prepared, ...run }) => {
    const reply = scoreReply(find(run.key).model, prepared, await calls.run(run));
    return answerFromThread({ id: request, type: 'score', ...reply }) ? null : reply;
  },
};

/** Memory that goes over to the other thread instead of being copied: what ONNX Runtime wrote the outputs into, fresh with each run. */
function moved(op: keyof Call, { result }: Settled): ArrayBuffer[] {
  if (result == null) return [];
  const views = [
    ...(op === 'run' ? Object.values((result as CallResult<'run'>).outputs).map(({ data }) => data) : []),
    ...(op === 'score' ? (result as NonNullable<CallResult<'score'>>).payloads : []),
  ];
  return views.map(({ buffer }) => buffer).filter((buffer) => buffer instanceof ArrayBuffer);
}

function find(key: string): Opened {
  const found = opened.get(key);
  if (found === undefined) throw new GoodpartError('GP_MODEL_INVALID', `Model ${key} is not loaded`);
  return found;
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
