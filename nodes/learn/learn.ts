import { resolve } from 'node:path';
import type { NodeAPI } from 'node-red';
import { systemClock } from '../../lib/core/clock.ts';
import { GoodpartError, invalidParameter } from '../../lib/core/errors.ts';
import { LearningJob } from '../../lib/learning/learning-job.ts';
import { defineNode } from '../../lib/node-red/define-node.ts';
import { frameFrom, type Send } from '../../lib/node-red/messages.ts';
import { dataFolder } from '../../lib/node-red/stations.ts';
import type { Station } from '../../lib/station/station.ts';
import { adopt } from './adopt.ts';
import { Collection } from './collection.ts';
import { config } from './config.ts';

const retryMs = 500;

/**
 * Good pictures in, a model and its thresholds out. `msg.topic`: "learn" starts, "learn once" starts where the view has no
 * thresholds yet, "cancel" stops. With source "messages" output 3 asks for each picture (`msg.collect`) until there are
 * enough. Output 1: the result, output 2: progress.
 */
export default function register(RED: NodeAPI): void {
  defineNode(RED, config, async (kit) => {
    const { view, model, source, path, count, keepAspect, warnRate, failRate, seed, activate } = kit.config;
    const station = await kit.use<Station>('station', 'goodpart-station', kit.config.station);
    const modelsRoot = `${dataFolder(RED)}/models`;
    let collection: Collection | null = null;
    let running: AbortController | null = null;
    let retry: NodeJS.Timeout | undefined;
    kit.onClose(() => {
      clearTimeout(retry);
      running?.abort();
    });

    const progress = (send: Send, stage: string, done: number, total: number) => {
      const text = total > 0 ? `${stage} ${done}/${total}` : stage;
      kit.status('blue', text);
      send([null, { topic: 'progress', payload: { stage, done, total, text } }, null]);
    };

    const learn = async (images: ConstructorParameters<typeof LearningJob>[0]['images'], send: Send) => {
      const abort = new AbortController();
      running = abort;
      try {
        const rois = [...station.regionsOf(view)];
        const cameraSettings = station.cameraSettings(view);
        const job = new LearningJob({
          images,
          most: count,
          modelsRoot,
          name: model,
          seed,
          keepAspect: keepAspect === 'auto' ? 'auto' : keepAspect === 'camera',
          rois,
          falseRejectRate: { warn: warnRate, fail: failRate },
        });
        const result = await job.run(({ stage, done, total }) => progress(send, stage, done, total), abort.signal);
        // a cancel or a deploy that came with the last step: the model is there, but nobody wants it used
        if (abort.signal.aborted) throw new GoodpartError('GP_LEARN_FAILED', 'Learning was cancelled');
        const author = `learn good parts ${kit.config.name || kit.id}`;
        await adopt(station, { view, rois, cameraSettings, result, author, activate });
        kit.status('green', `${result.model.name} version ${result.model.version} from ${result.images} pictures`);
        send([{ topic: 'learned', payload: result }, null, null]);
      } finally {
        running = null;
      }
    };

    const begin = async (send: Send) => {
      if (running !== null || collection !== null)
        throw new GoodpartError('GP_LEARN_FAILED', 'Learning is already running');
      if (source === 'folder') return learn([{ path: resolve(path) }], send);
      collection = new Collection(count);
      ask(send);
    };
    const ask = (send: Send) => {
      if (collection === null) return;
      progress(send, 'collecting', collection.size, collection.wanted);
      send([null, null, { topic: 'collect', collect: true, payload: collection.size }]);
    };
    /** The camera may only be starting, or may be gone for an hour: the collection waits for it. */
    const askAgain = (send: Send, why: string) => {
      kit.status('yellow', `waiting for a picture: ${why}`);
      clearTimeout(retry);
      retry = setTimeout(() => ask(send), retryMs);
      retry.unref();
    };
    const cancel = () => {
      collection = null;
      clearTimeout(retry);
      running?.abort();
      kit.status('grey', 'cancelled');
    };

    return {
      input: async (message, send) => {
        switch (message.topic) {
          case 'learn':
            return begin(send);
          case 'learn once':
            if (Object.hasOwn(station.recipes.active()?.views ?? {}, view))
              return kit.status('green', 'already learned');
            return begin(send);
          case 'cancel':
            return cancel();
          default: {
            if (collection === null) {
              if (source === 'messages' && message.collect === true) return; // asked for before a cancel
              throw invalidParameter('msg.topic', '"learn", "learn once" or "cancel"', message.topic);
            }
            if (message.payload === null) return askAgain(send, String(message.error ?? 'no picture'));
            const mine = collection;
            const frame = await frameFrom(message.payload, systemClock, []);
            if (collection !== mine) return; // cancelled or completed meanwhile
            try {
              mine.add(frame);
            } catch (error) {
              collection = null; // it cannot become complete
              throw error;
            }
            if (!mine.complete) return ask(send);
            const frames = mine.frames();
            collection = null;
            return learn(
              frames.map((frame) => ({ frame })),
              send,
            );
          }
        }
      },
    };
  });
}
