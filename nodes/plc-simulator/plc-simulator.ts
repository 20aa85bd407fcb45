import { join } from 'node:path';
import type { NodeAPI } from 'node-red';
import type { BeltAnswer } from '../../lib/console/belt-data.ts';
import { GoodpartError, invalidParameter } from '../../lib/core/errors.ts';
import { serveBelts, showBelt } from '../../lib/node-red/belts.ts';
import { defineNode } from '../../lib/node-red/define-node.ts';
import { dataFolder } from '../../lib/node-red/stations.ts';
import { faultNames, simulatedFaults } from '../../lib/plc/simulator/faults.ts';
import { PlcSimulator } from '../../lib/plc/simulator/plc-simulator.ts';
import { config } from './config.ts';

const toldMs = 1000;
const faults = faultNames.map((name) => ({ name, once: simulatedFaults[name] === 'once' }));

/**
 * A desk test: a simulated conveyor and PLC that talk to a station over the network, in a child of their own. Output 1: each part when it has
 * left the belt; output 2: the line's state each second. `msg.topic` "start", "stop", "reset" or a fault's name with `payload` true or false.
 */
export default function register(RED: NodeAPI): void {
  serveBelts(RED);
  defineNode(RED, config, async (kit) => {
    const { protocol, host, port, base, url, stationId, ...line } = kit.config;
    const { name, partsPerMinute, pitch, cycleMs, expectedRecipe, seed, defectRate } = line;
    const { user = '', password = '' } = kit.credentials;
    const pkiDir = join(dataFolder(RED), 'simulated-plc-pki');
    const simulator = new PlcSimulator({
      protocol:
        protocol === 'modbus'
          ? { kind: 'modbus', host, port, base }
          : { kind: 'opcua', url, stationId, user, password, pkiDir },
      ...{ partsPerMinute, pitch, cycleMs, expectedRecipe, seed, defectRate },
    });
    const answer = (): BeltAnswer => ({ name, faults, view: simulator.last });
    kit.onClose(() => simulator.stop());
    kit.onClose(
      showBelt(kit.id, {
        answer,
        fault: (fault, on) => simulator.fault(fault, on),
        run: (on) => simulator.run(on),
        reset: () => simulator.reset(),
      }),
    );
    const show = () => {
      const state = simulator.last;
      if (state === null) return kit.status('blue', 'simulated: starting');
      const { totals, link, stands } = state;
      const boxes = `${totals.goodBox.right + totals.goodBox.wrong} good box, ${totals.goodBox.wrong} of them wrong`;
      if (!link.connected) kit.status('red', `simulated: ${link.text}`);
      else if (stands !== null) kit.status('yellow', `simulated: stands (${stands})`);
      else kit.status(totals.goodBox.wrong > 0 ? 'red' : 'green', `simulated: ${boxes}`);
    };
    simulator.on('part', (record) => kit.send([{ topic: 'part', payload: { simulated: true, ...record } }, null]));
    simulator.on('failure', (error) => kit.report(error));
    const told = setInterval(() => {
      show();
      if (simulator.last !== null) {
        kit.send([null, { topic: 'state', payload: { simulated: true, ...simulator.last } }]);
      }
    }, toldMs);
    kit.onClose(() => clearInterval(told));
    simulator.start().catch(() => {}); // told by `failure`; it goes on trying
    show();

    return {
      input: (message) => {
        const { topic, payload } = message;
        if (topic === 'start' || topic === 'stop') return simulator.run(topic === 'start');
        if (topic === 'reset') return simulator.reset();
        if (typeof topic !== 'string' || topic === '') {
          const text = `Expected start, stop, reset or a fault as msg.topic: ${faultNames.join(', ')}`;
          throw new GoodpartError('GP_INPUT_INVALID', text);
        }
        if (typeof payload !== 'boolean') throw invalidParameter('msg.payload', 'true or false', payload);
        simulator.fault(topic, payload);
      },
    };
  });
}
