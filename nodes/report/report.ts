import type { NodeAPI } from 'node-red';
import { systemClock } from '../../lib/core/clock.ts';
import { topicsOf } from '../../lib/core/topics.ts';
import { softwareOf } from '../../lib/evidence/sending.ts';
import { defineNode } from '../../lib/node-red/define-node.ts';
import { property } from '../../lib/node-red/messages.ts';
import { instanceOf, resources } from '../../lib/node-red/resources.ts';
import { StationReporter } from '../../lib/station/reporter.ts';
import type { Station } from '../../lib/station/station.ts';
import { config } from './config.ts';

const unchangedMs = 2_000;

/**
 * Tells of a station without being asked. Output 1: one result for each closed inspection. Output 2: its status, at once when it
 * changes and every so often. `topic`, `qos` and `retain` are set for an MQTT output. A status message of such an output at the input
 * says whether it is connected: then the status is sent at once; any other message asks for the status.
 */
export default function register(RED: NodeAPI): void {
  const software = softwareOf();
  defineNode(RED, config, async (kit) => {
    const { root, repeatS, waits } = kit.config;
    const station = await kit.use<Station>('station', 'goodpart-station', kit.config.station);
    const topics = topicsOf({ root, line: station.line, station: station.station });
    // over a deploy what is closed meanwhile waits for the node that comes
    const lease = await resources.take(`report ${kit.id} ${instanceOf(station)}`, {
      group: `report ${kit.id}`,
      create: async () => ({
        reporter: new StationReporter(kit.id, { station, clock: systemClock, software }),
        connected: false,
      }),
      destroy: async ({ reporter }) => reporter.stop(),
    });
    kit.onClose(() => lease.release());
    const memory = lease.value;
    const { reporter } = memory;
    let told = 0;

    const show = () => {
      const { waiting, dropped } = reporter;
      const lost = dropped > 0 ? `, ${dropped} dropped` : '';
      if (waiting > 0) kit.status('yellow', `${waiting} waiting for the connection${lost}`);
      else kit.status(dropped > 0 ? 'yellow' : 'green', `${told} told${lost}`);
    };
    reporter.hold(waits);
    // a deploy that leaves the output alone brings no word of it; one that does not brings it soon
    const unchanged = setTimeout(() => reporter.hold(waits && !memory.connected), unchangedMs);
    kit.onClose(() => clearTimeout(unchanged));
    const detach = reporter.attach({
      result: (payload) => {
        told += 1;
        kit.send([{ topic: topics.result, payload, qos: 1, retain: false }, null]);
        show();
      },
      status: (payload) => kit.send([null, { topic: topics.status, payload, qos: 1, retain: true }]),
    });
    kit.onClose(detach);
    const repeat = setInterval(() => {
      reporter.tellStatus();
      show();
    }, repeatS * 1_000);
    kit.onClose(() => clearInterval(repeat));
    show();

    return {
      input: (message) => {
        const colour = property(message, 'status.fill');
        const connected = colour === 'green';
        if (waits && colour !== undefined) {
          clearTimeout(unchanged);
          memory.connected = connected;
          reporter.hold(!connected);
        }
        if (colour === undefined || connected) reporter.tellStatus();
        show();
      },
    };
  });
}
