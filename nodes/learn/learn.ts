import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { NodeAPI } from 'node-red';
import { systemClock } from '../../lib/core/clock.ts';
import { GoodpartError, invalidParameter } from '../../lib/core/errors.ts';
import { layersOf } from '../../lib/learning/backbone-layers-job.ts';
import { LearningJob } from '../../lib/learning/learning-job.ts';
import { mostPictures, type PictureSource } from '../../lib/learning/options.ts';
import { defineNode } from '../../lib/node-red/define-node.ts';
import { serveLearnings, showLearning } from '../../lib/node-red/learnings.ts';
import { frameFrom, type Message, type Send } from '../../lib/node-red/messages.ts';
import { adminRoute } from '../../lib/node-red/routes.ts';
import { dataFolder } from '../../lib/node-red/stations.ts';
import type { Station } from '../../lib/station/station.ts';
import { adopt, regionsToLearn } from './adopt.ts';
import { Collection } from './collection.ts';
import { config } from './config.ts';
import { folderOf, learnedModel, nothingLearned } from './continuing.ts';
import { attributesOf, type Beginning, countOf, excludedBy, optionsOf } from './options-of.ts';
import { inShort } from './outcome.ts';

const retryMs = 500;
/** After what is wrong with the flow and not with the camera: it is said again, but not twice a second. */
const refusedRetryMs = 5000;

/**
 * Good pictures in, a model and its thresholds out. `msg.topic`: "learn" starts, "learn once" starts where the view was not
 * learned yet, "add" learns further pictures beside those it has, "exclude" learns again without the pictures in
 * `msg.payload`, "cancel" stops. With source "messages" output 3 asks for each picture (`msg.collect`) until there are enough.
 * Output 1: the result, output 2: progress.
 */
export default function register(RED: NodeAPI): void {
  serveLearnings(RED);
  // opens a file that the caller names: only who may deploy may ask
  adminRoute(RED, 'get', 'learning/layers', 'goodpart.write', async ({ query }) => {
    const { path: file } = query;
    if (typeof file !== 'string' || file.trim() === '')
      throw invalidParameter('backbone', 'the path of an ONNX file', file);
    return { body: await layersOf(resolve(file.trim())) };
  });
  defineNode(RED, config, async (kit) => {
    const { view, source, path, count, activate, stage, doubtFrom, doubtTo } = kit.config;
    const station = await kit.use<Station>('station', 'goodpart-station', kit.config.station);
    const modelsRoot = join(dataFolder(RED), 'models');
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

    const learn = async (images: PictureSource[], beginning: Beginning, send: Send) => {
      const abort = new AbortController();
      running = abort;
      try {
        const rois = regionsToLearn(station, view, stage, activate);
        const cameraSettings = station.cameraSettings(view);
        const job = new LearningJob({ ...optionsOf(kit.config), ...beginning, images, modelsRoot, rois });
        const result = await job.run(({ stage, done, total }) => {
          if (!abort.signal.aborted) progress(send, stage, done, total);
        }, abort.signal);
        // a cancel or a deploy that came with the last step: the model is there, but nobody wants it used
        if (abort.signal.aborted) return;
        const author = `learn good parts ${kit.config.name || kit.id}`;
        // where good parts of a declared shift, lot or nest are still to be shown, a running line goes on as it is
        const activated = activate && !(result.provisional.length > 0 && station.mode === 'run');
        const between: [number, number] | null = stage === 'verify' ? [doubtFrom, doubtTo] : null;
        const saved = await adopt(station, {
          view,
          rois,
          cameraSettings,
          result,
          author,
          activate: activated,
          between,
        });
        kit.status(...inShort(result, activated));
        const recipe = { number: saved.number, version: saved.version, activated };
        send([{ topic: 'learned', payload: { ...result, recipe } }, null, null]);
      } catch (error) {
        // who cancelled or deployed knows that it has ended
        if (!abort.signal.aborted) throw error;
      } finally {
        running = null;
      }
    };

    const continued = (topic: string): string => {
      const model = learnedModel(station, view, activate, stage);
      if (model === undefined) throw nothingLearned(view, topic);
      return folderOf(modelsRoot, model);
    };

    const refuseWhileBusy = () => {
      if (running === null && collection === null) return;
      const what = collection
        ? `Pictures are being collected, ${collection.size} of ${collection.wanted}`
        : 'Learning is already running';
      throw new GoodpartError('GP_LEARN_FAILED', `${what}: wait for it, or send "cancel" first`);
    };

    const begin = async (message: Message, send: Send, wanted = count, beginning: Beginning = {}) => {
      refuseWhileBusy();
      const about = attributesOf(message);
      if (source === 'folder') return learn([{ path: resolve(path), ...about }], beginning, send);
      collection = new Collection(wanted, beginning, about);
      ask(send);
    };
    const exclude = async (pictures: string[], send: Send) => {
      refuseWhileBusy();
      return learn([], { extend: continued('exclude'), exclude: pictures }, send);
    };
    kit.onClose(
      showLearning(kit.id, {
        report: async () => {
          const model = learnedModel(station, view, activate, stage);
          if (model === undefined) return null;
          return readFile(join(folderOf(modelsRoot, model), 'report.json'), 'utf8').catch((cause: unknown) => {
            const text = `Model ${model.name} version ${model.version} has no report: it was not learned here`;
            throw new GoodpartError('GP_INPUT_INVALID', text, { cause });
          });
        },
        exclude: (digests) => {
          refuseWhileBusy();
          continued('exclude');
          exclude(digests, kit.send).catch(kit.report);
        },
      }),
    );
    const ask = (send: Send) => {
      clearTimeout(retry);
      if (collection === null) return;
      progress(send, 'collecting', collection.size, collection.wanted);
      send([null, null, { topic: 'collect', collect: true, payload: collection.size }]);
    };
    const askLater = (send: Send, ms: number) => {
      clearTimeout(retry);
      retry = setTimeout(() => ask(send), ms);
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
      const mine = collection;
      if (message.payload === null) {
        // the camera may only be starting, or may be gone for an hour: the collection waits for it
        kit.status('yellow', `waiting for a picture: ${String(message.error ?? 'no picture')}`);
        return askLater(send, retryMs);
      }
      try {
        const about = attributesOf(message);
        const frame = await frameFrom(message.payload, systemClock, []);
        if (collection !== mine) return; // cancelled or completed meanwhile
        mine.add(frame, about);
      } catch (error) {
        if (mine.full)
          collection = null; // it cannot become complete
        else if (collection === mine) askLater(send, refusedRetryMs);
        throw error;
      }
      if (!mine.complete) return ask(send);
      collection = null;
      clearTimeout(retry);
      return learn(mine.pictures(), mine.beginning, send);
    };

    return {
      input: async (message, send) => {
        switch (message.topic) {
          case 'learn':
            return begin(message, send);
          case 'learn once':
            if (learnedModel(station, view, activate, stage)) return kit.status('green', 'already learned');
            return begin(message, send);
          case 'add':
            refuseWhileBusy();
            // of a folder all that are new, though those that it has learned lie among them
            return begin(message, send, countOf(message) ?? count, { extend: continued('add'), most: mostPictures });
          case 'exclude':
            return exclude(excludedBy(message), send);
          case 'cancel':
            return cancel();
          default:
            return collect(message, send);
        }
      },
    };
  });
}
