import type { NodeAPI } from 'node-red';
import { GoodpartError, invalidParameter } from '../../lib/core/errors.ts';
import type { StationMode } from '../../lib/core/inspection.ts';
import { defineNode } from '../../lib/node-red/define-node.ts';
import { intake, isRefusal } from '../../lib/node-red/intake.ts';
import type { Message, Send } from '../../lib/node-red/messages.ts';
import type { Station } from '../../lib/station/station.ts';
import { config } from './config.ts';

const modes: Record<string, StationMode> = { run: 'run', shadow: 'shadow', offline: 'offline' };

/**
 * Opens inspections, by message or by timer. Output 1: accepted, output 2: refused with its reason. `msg.topic` "start" and
 * "stop" run and halt the timer, "mode" sets the station's mode, "recipe" the active recipe, "reset counters" does that.
 */
export default function register(RED: NodeAPI): void {
  defineNode(RED, config, async (kit) => {
    const { source, intervalMs } = kit.config;
    const station = await kit.use<Station>('station', 'goodpart-station', kit.config.station);
    let timer: NodeJS.Timeout | undefined;

    const fire = (message: Message, send: Send) => {
      const answer = intake(station, message, source, kit.config);
      if (isRefusal(answer)) {
        kit.status('yellow', `refused: ${answer.text}`);
        send([null, { ...message, payload: answer.text, refused: answer }]);
        return;
      }
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
          case 'reset counters':
            return station.resetCounters(by);
          default:
            return fire(message, send);
        }
      },
    };
  });
}
