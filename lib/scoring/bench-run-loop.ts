import { parentPort } from 'node:worker_threads';
import { systemClock } from '../core/clock.ts';
import { inputShape, toTensor, wantedOutputs } from './fit.ts';
import type { ModelDescription } from './model-schema.ts';
import { Session, type TensorInput } from './session.ts';

/** Thread of the bench: opens a model, then runs it in a loop for as many milliseconds as it is told, once at the least. */
export interface OpenOrder {
  model: ModelDescription;
  bytes: Uint8Array;
  threads: number;
}

let ready: Promise<() => Promise<unknown>> | undefined;

parentPort?.on('message', async (order: OpenOrder | { ms: number }) => {
  if ('model' in order) {
    ready = open(order);
    await (await ready)();
    parentPort?.postMessage([]);
    return;
  }
  const run = await ready;
  if (run === undefined) throw new Error('no model is open');
  const times: number[] = [];
  const end = systemClock.mono() + order.ms;
  do {
    const began = systemClock.mono();
    await run();
    times.push(systemClock.mono() - began);
  } while (systemClock.mono() < end);
  parentPort?.postMessage(times);
});

async function open({ model, bytes, threads }: OpenOrder): Promise<() => Promise<unknown>> {
  const session = await Session.open(bytes, { sha256: model.sha256, threads });
  const feeds = { [model.input.name]: grey(model) };
  const wanted = wantedOutputs(model);
  return () => session.run(feeds, wanted);
}

function grey({ input }: ModelDescription): TensorInput {
  const count = inputShape(input).reduce((product, side) => product * side, 1);
  return toTensor(new Uint8Array(count).fill(127), input);
}
