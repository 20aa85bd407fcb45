import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { NodeAPI } from 'node-red';
import { systemClock } from '../../lib/core/clock.ts';
import { GoodpartError, invalidParameter } from '../../lib/core/errors.ts';
import { encodeName } from '../../lib/core/ids.ts';
import { layersOf } from '../../lib/learning/backbone-layers-job.ts';
import { LearningJob } from '../../lib/learning/learning-job.ts';
import type { LearningOptions, PictureSource } from '../../lib/learning/options.ts';
import { defineNode } from '../../lib/node-red/define-node.ts';
import { frameFrom, type Message, type Send } from '../../lib/node-red/messages.ts';
import { serveLearnings, showLearning } from '../../lib/node-red/learnings.ts';
import { adminRoute } from '../../lib/node-red/routes.ts';
import { dataFolder } from '../../lib/node-red/stations.ts';
import type { Station } from '../../lib/station/station.ts';
import { adopt } from './adopt.ts';
import { Collection } from './collection.ts';
import { config } from './config.ts';
import { attributesOf, optionsOf } from './options-of.ts';

const retryMs = 500;
const mostExcluded = 5000;

/** How a run begins: from nothing, from the frames of the model in use and more, or from those without some. */
type Beginning = Pick<LearningOptions, 'extend' | 'exclude'>;

/**
 * Good pictures in, a model and its thresholds out. `msg.topic`: "learn" starts, "learn once" starts where the view has no
 * thresholds yet, "add" learns further pictures beside those it has, "exclude" learns again without the pictures in
 * `msg.payload`, "cancel" stops. With source "messages" output 3 asks for each picture (`msg.collect`) until there are enough.
 * Output 1: the result, output 2: progress.
 */
export default function register(RED: NodeAPI): void {
  serveLearnings(RED);
  // opens a file that the caller names: only who may deploy may ask
  adminRoute(RED, 'get', 'learning/layers', 'goodpart.write', async ({ query }) => {
    const { path: file } = query;
    if (typeof file !== 'string' || file.trim() === '') throw invalidParameter('backbone', 'the path of an ONNX file', file);
    return { body: await layersOf(resolve(file.trim())) };
  });
  defineNode(RED, config, async (kit) => {
    const { view, source, path, count, activate } = kit.config;
    const station = await kit.use<Station>('station', 'goodpart-station', kit.config.station);
    const modelsRoot = join(dataFolder(RED), 'models');
    let collection: (Collection & { beginning?: Beginning }) | null = null;
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

    const learn = async (images: PictureSource[], beginning: Beginning, send: Send) => {
      const abort = new AbortController();
      running = abort;
      try {
        const rois = [...station.regionsOf(view)];
        const cameraSettings = station.cameraSettings(view);
        const job = new LearningJob({ ...optionsOf(kit.config), ...beginning, images, modelsRoot, rois });
        const result = await job.run(({ stage, done, total }) => progress(send, stage, done, total), abort.signal);
        // a cancel or a deploy that came with the last step: the model is there, but nobody wants it used
        if (abort.signal.aborted) throw new GoodpartError('GP_LEARN_FAILED', 'Learning was cancelled');
        const author = `learn good parts ${kit.config.name || kit.id}`;
        // where good parts of a declared shift, lot or nest are still to be shown, a running line goes on as it is
        const held = result.provisional.length > 0 && station.mode === 'run';
        await adopt(station, { view, rois, cameraSettings, result, author, activate: activate && !held });
        const name = `${result.model.name} version ${result.model.version} from ${result.images} pictures`;
        if (result.provisional.length > 0) kit.status('yellow', `${name}, provisional: ${result.provisional[0]}`);
        else if (result.findings.length > 0) kit.status('green', `${name}, ${result.findings.length} to look at`);
        else kit.status('green', name);
        send([{ topic: 'learned', payload: result }, null, null]);
      } finally {
        running = null;
      }
    };

    /** The folder of the model that the active recipe uses in this view. */
    const modelInUse = (topic: string) => {
      const model = station.recipes.active()?.views[view]?.model;
      if (model === undefined) {
        throw new GoodpartError(
          'GP_LEARN_FAILED',
          `Nothing was learned yet for view ${view}: "learn" comes before "${topic}"`,
        );
      }
      return join(modelsRoot, encodeName(model.name), encodeName(model.version));
    };

    const refuseWhileBusy = () => {
      if (running === null && collection === null) return;
      throw new GoodpartError('GP_LEARN_FAILED', 'Learning is already running');
    };

    const begin = async (send: Send, wanted = count, beginning: Beginning = {}) => {
      refuseWhileBusy();
      if (source === 'folder') return learn([{ path: resolve(path) }], beginning, send);
      collection = Object.assign(new Collection(wanted), { beginning });
      ask(send);
    };
    const exclude = async (message: Message, send: Send) => {
      refuseWhileBusy();
      const list = message.payload;
      const usable = Array.isArray(list) && list.length > 0 && list.length <= mostExcluded;
      if (!usable || !list.every((entry) => typeof entry === 'string')) {
        throw invalidParameter('msg.payload', 'a list of the digests or file names of pictures to leave out', list);
      }
      return learn([], { extend: modelInUse('exclude'), exclude: list as string[] }, send);
    };
    kit.onClose(
      showLearning(kit.id, {
        report: async () => {
          const model = station.recipes.active()?.views[view]?.model;
          if (model === undefined) return null;
          const path = join(modelsRoot, encodeName(model.name), encodeName(model.version), 'report.json');
          return readFile(path, 'utf8').catch(() => null);
        },
        exclude: (digests) => {
          refuseWhileBusy();
          exclude({ payload: digests }, kit.send).catch(kit.report);
        },
      }),
    );
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
    const collect = async (message: Message, send: Send) => {
      if (collection === null) {
        if (source === 'messages' && message.collect === true) return; // asked for before a cancel
        const topics = '"learn", "learn once", "add", "exclude" or "cancel"';
        throw invalidParameter('msg.topic', topics, message.topic);
      }
      if (message.payload === null) return askAgain(send, String(message.error ?? 'no picture'));
      const mine = collection;
      const about = attributesOf(message);
      const frame = await frameFrom(message.payload, systemClock, []);
      if (collection !== mine) return; // cancelled or completed meanwhile
      try {
        mine.add(frame, about);
      } catch (error) {
        collection = null; // it cannot become complete
        throw error;
      }
      if (!mine.complete) return ask(send);
      collection = null;
      return learn(mine.pictures(), mine.beginning ?? {}, send);
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
          case 'add':
            return begin(send, wholeCount(message.count) ?? count, { extend: modelInUse('add') });
          case 'exclude':
            return exclude(message, send);
          case 'cancel':
            return cancel();
          default:
            return collect(message, send);
        }
      },
    };
  });
}

/** `msg.count`: how many pictures to add; undefined where it is not given. */
function wholeCount(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 5000) return value as number;
  throw invalidParameter('msg.count', 'a whole number from 1 to 5000', value);
}
