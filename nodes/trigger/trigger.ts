import type { NodeAPI } from 'node-red';
import { GoodpartError, invalidParameter } from '../../lib/core/errors.ts';
import type { StationMode } from '../../lib/core/inspection.ts';
import type { Refusal } from '../../lib/core/snapshot.ts';
import { defineNode } from '../../lib/node-red/define-node.ts';
import { announcement, intake, isRefusal } from '../../lib/node-red/intake.ts';
import type { Message, Send } from '../../lib/node-red/messages.ts';
import type { Station } from '../../lib/station/station.ts';
import { config } from './config.ts';

const modes: Record<string, StationMode> = { run: 'run', shadow: 'shadow', offline: 'offline' };

/**
 * Opens inspections, by message or by timer, or announces parts to a hardware line. Output 1: accepted, output 2: refused with its
 * reason. `msg.topic` "start" and "stop" run and halt the timer, "announce" announces the part that the light barrier sees next,
 * "mode" sets the station's mode, "recipe" the active recipe, "reset counters" does that.
 */
export default function register(RED: NodeAPI): void {
  defineNode(RED, config, async (kit) => {
    const { source, intervalMs } = kit.config;
    const station = await kit.use<Station>('station', 'goodpart-station', kit.config.station);
    let timer: NodeJS.Timeout | undefined;

    const refused = (refusal: Refusal, message: Message, send: Send) => {
      kit.status('yellow', `refused: ${refusal.text}`);
      send([null, { ...message, payload: refusal.text, refused: refusal }]);
    };
    const announce = (message: Message, send: Send) => {
      const answer = announcement(station, message, kit.config);
      if (isRefusal(answer)) return refused(answer, message, send);
      const part = answer.part.id || String(answer.sequence);
      if (station.announcementsOverlap) kit.status('yellow', `${part}: announced before the last part’s time was over`);
      else kit.status('green', `announced ${part}`);
      // without the inspection: only the camera's own picture may go on with it
      send([{ ...message, payload: answer.id }, null]);
    };
    const fire = (message: Message, send: Send) => {
      if (source === 'announce') return announce(message, send);
      const answer = intake(station, message, source, kit.config);
      if (isRefusal(answer)) return refused(answer, message, send);
      kit.status('green', `part ${answer.part.id || answer.sequence}`);
      send([{ ...message, payload: answer.id, inspection: answer }, null]);
    };
    const start = () => {
      clearInterval(timer);
      timer = setInterval(() => {
        // a timer is not a part: while the station cannot take one, it waits instead of counting missed parts
        if (station.credit() === 0) return;
        try {
          fire({}, kit.send);
        } catch (error) {
          kit.report(error);
        }
      }, intervalMs);
      kit.status('green', `every ${intervalMs} ms`);
    };
    const stop = () => {
      clearInterval(timer);
      timer = undefined;
      kit.status('grey', 'stopped');
    };
    kit.onClose(stop);
    if (source === 'timer') start();

    const by = `trigger ${kit.config.name || kit.id}`;
    return {
      input: (message, send) => {
        switch (message.topic) {
          case 'start':
          case 'stop':
            if (source !== 'timer') {
              throw new GoodpartError('GP_INPUT_INVALID', 'Only a trigger with a timer can be started and stopped');
            }
            return message.topic === 'start' ? start() : stop();
          case 'mode': {
            const mode = typeof message.payload === 'string' ? modes[message.payload] : undefined;
            if (mode === undefined)
              throw invalidParameter('msg.payload', '"run", "shadow" or "offline"', message.payload);
            station.setMode(mode, by, 'message');
            return kit.status('blue', mode);
          }
          case 'recipe': {
            const number = message.payload;
            if (typeof number !== 'number') throw invalidParameter('msg.payload', 'the number of a recipe', number);
            const recipe = station.recipes.activate(number, { by, why: 'message' });
            return kit.status('blue', recipe ? `recipe ${recipe.number} version ${recipe.version}` : 'no recipe');
          }
          case 'announce':
            return announce(message, send);
          case 'reset counters':
            return station.resetCounters(by);
          default:
            return fire(message, send);
        }
      },
    };
  });
}
