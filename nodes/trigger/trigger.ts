import type { NodeAPI } from 'node-red';
import { GoodpartError, invalidParameter } from '../../lib/core/errors.ts';
import type { Inspection, StationMode } from '../../lib/core/inspection.ts';
import type { Refusal } from '../../lib/core/snapshot.ts';
import { defineNode } from '../../lib/node-red/define-node.ts';
import { announcement, intake, isRefusal } from '../../lib/node-red/intake.ts';
import type { Message, Send } from '../../lib/node-red/messages.ts';
import type { Station } from '../../lib/station/station.ts';
import { config } from './config.ts';
import { versionCommand } from './version-commands.ts';

const modes: Record<string, StationMode> = { run: 'run', shadow: 'shadow', offline: 'offline' };

/**
 * Opens inspections, by message, by timer or for the PLC, or announces parts to a hardware line. Output 1: accepted, output 2: refused with its
 * reason. `msg.topic` "start" and "stop" run and halt the timer, "announce" announces the part that the light barrier sees next,
 * "mode" sets the station's mode, "recipe", "shadow", "promote" and "rollback" what is live, "reset counters" does that.
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
    const goOn = (inspection: Inspection, message: Message, send: Send) => {
      kit.status('green', `part ${inspection.part.id || inspection.sequence}`);
      send([{ ...message, payload: inspection.id, inspection }, null]);
    };
    const announced = (inspection: Inspection, message: Message, send: Send) => {
      const part = inspection.part.id || String(inspection.sequence);
      if (station.announcementsOverlap) kit.status('yellow', `${part}: announced before the last part’s time was over`);
      else kit.status('green', `announced ${part}`);
      // without the inspection: only the camera's own picture may go on with it
      send([{ ...message, payload: inspection.id }, null]);
    };
    const announce = (message: Message, send: Send) => {
      const answer = announcement(station, message, kit.config);
      return isRefusal(answer) ? refused(answer, message, send) : announced(answer, message, send);
    };
    const fire = (message: Message, send: Send) => {
      if (source === 'announce') return announce(message, send);
      if (source === 'plc') {
        throw new GoodpartError('GP_INPUT_INVALID', 'This trigger takes the PLC’s triggers: a message cannot trigger');
      }
      const answer = intake(station, message, source, kit.config);
      return isRefusal(answer) ? refused(answer, message, send) : goOn(answer, message, send);
    };
    const listen = () => {
      const release = station.takeTriggers({
        accepted: (inspection) => {
          const hand = inspection.trigger.source === 'hardware' ? announced : goOn;
          hand(inspection, { topic: 'plc' }, kit.send);
        },
        refused: (_request, refusal) => refused(refusal, { topic: 'plc' }, kit.send),
      });
      if (release === null) {
        const expected = 'one trigger node that takes the PLC’s triggers';
        throw invalidParameter('source', expected, 'two of this station', 'GP_CONFIG_INVALID');
      }
      kit.onClose(release);
      kit.status('grey', 'waiting for the PLC');
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
    if (source === 'plc') listen();

    const by = `trigger ${kit.config.name || kit.id}`;
    return {
      input: async (message, send) => {
        const command = versionCommand(station, message, by);
        if (command !== null) return kit.status('blue', await command());
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
