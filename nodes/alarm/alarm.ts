import type { NodeAPI } from 'node-red';
import { systemClock } from '../../lib/core/clock.ts';
import { defineNode } from '../../lib/node-red/define-node.ts';
import { requireRef } from '../../lib/node-red/messages.ts';
import { resources } from '../../lib/node-red/resources.ts';
import { type AlarmRule, quiet, resetAlarm, stepAlarm } from '../../lib/rules/alarm.ts';
import type { Station } from '../../lib/station/station.ts';
import { config } from './config.ts';

const rememberedParts = 64;

/**
 * Watches the ledger's verdicts of the parts that pass by. Output 1: the message, at once. Output 2: one message when the
 * alarm latches and one when it is reset. `msg.topic` "reset" resets it. The count survives a deploy; the latch is the
 * station's and survives a restart as well.
 */
export default function register(RED: NodeAPI): void {
  defineNode(RED, config, async (kit) => {
    const { code } = kit.config;
    const rule = alarmRule(kit.config);
    const label = kit.config.name || 'alarm';
    const station = await kit.use<Station>('station', 'goodpart-station', kit.config.station);
    const lease = await resources.take(`alarm ${kit.id} ${JSON.stringify(rule)}`, {
      create: async () => ({ state: quiet, counted: new Set<string>() }),
      destroy: async () => {},
    });
    kit.onClose(() => lease.release());
    const memory = lease.value;

    const show = () => {
      if (station.alarm !== null) kit.status('red', `alarm: ${station.alarm.text}`);
      else kit.status('green', `${memory.state.recent.filter(Boolean).length} of ${memory.state.recent.length} bad`);
    };
    /** The latch may also be reset elsewhere: by the PLC, by the console, by another node. */
    const onSnapshot = () => {
      if (memory.state.latched && station.alarm === null) memory.state = resetAlarm();
      show();
    };
    station.on('snapshot', onSnapshot);
    kit.onClose(() => {
      station.off('snapshot', onSnapshot);
    });
    show();

    return {
      input: (message, send) => {
        if (message.topic === 'reset') {
          const was = station.alarm !== null;
          memory.state = resetAlarm();
          station.resetAlarm(label);
          show();
          if (was) send([null, { ...message, payload: { alarm: false, code } }]);
          return;
        }
        const { id, view } = requireRef(message, station);
        const inspection = station.describe(id, view);
        // a challenge part is bad on purpose
        const watched = inspection.challenge === 0 && inspection.mode !== 'commissioning';
        if (inspection.verdict === null || !watched || memory.counted.has(id)) return send([message, null]);
        memory.counted.add(id);
        if (memory.counted.size > rememberedParts) memory.counted.delete([...memory.counted][0]);
        const before = memory.state.latched;
        memory.state = stepAlarm(memory.state, rule, { verdict: inspection.verdict, at: systemClock.mono() });
        const rising = memory.state.latched && !before;
        const text = describeRule(kit.config);
        if (rising) station.latchAlarm(code, text);
        show();
        send([message, rising ? { ...message, payload: { alarm: true, code, text } } : null]);
      },
    };
  });
}

type Values = {
  rule: 'kOfN' | 'consecutive' | 'duration';
  needed: number;
  outOf: number;
  count: number;
  durationMs: number;
  warns: boolean;
};

function alarmRule({ rule, needed, outOf, count, durationMs, warns }: Values): AlarmRule {
  const counts = warns ? 'warn-and-fail' : 'fail';
  switch (rule) {
    case 'kOfN':
      return { kind: 'k-of-n', k: needed, n: outOf, counts };
    case 'consecutive':
      return { kind: 'consecutive', k: count, counts };
    case 'duration':
      return { kind: 'duration', ms: durationMs, counts };
  }
}

function describeRule({ rule, needed, outOf, count, durationMs }: Values): string {
  switch (rule) {
    case 'kOfN':
      return `${needed} of the last ${outOf} parts were bad`;
    case 'consecutive':
      return `${count} bad parts in a row`;
    case 'duration':
      return `only bad parts for ${durationMs / 1000} s`;
  }
}
