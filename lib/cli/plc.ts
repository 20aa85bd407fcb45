import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { GoodpartError } from '../core/errors.ts';
import { faultNames } from '../plc/simulator/faults.ts';
import { lineText, totalsText } from '../plc/simulator/line-text.ts';
import type { PartRecord } from '../plc/simulator/part-book.ts';
import { PlcSimulator } from '../plc/simulator/plc-simulator.ts';
import type { SimulatorOptions } from '../plc/simulator/settings.ts';
import type { LineState } from '../plc/simulator/simulator.ts';
import { type Answer, type CommandSpec, exitCodes, exitCodesHelp, type Given, refused, UsageError } from './command.ts';

const usage = `goodpart plc --modbus HOST:PORT | --opcua URL [options]

A PLC and a conveyor at your desk: parts pass a sensor, the station is triggered over the network,
and what it does not accept is blown off before the good box. The PLC runs the same two function
blocks as examples/plc. Nothing of this is a real line; try here what happens when things go wrong.

  --modbus HOST:PORT       the station's Modbus TCP server, e.g. 127.0.0.1:1502
  --base N                 the station's first register, 1000 times its slot; default 0
  --opcua URL              the station's OPC UA server, e.g. opc.tcp://127.0.0.1:4840
  --station ID             its id there, where the server shows several
  --user NAME              OPC UA user that may command; its password comes from the environment
                           variable GOODPART_PLC_PASSWORD
  --pki DIR                this PLC's own certificate, which the station must trust: it lies in the
                           station's pki/rejected after the first try; move it to
                           pki/trusted/certs. Default ~/.goodpart/plc-pki
  --rate N                 parts per minute; default 60
  --pitch N                slots from part to part; default 2
  --cycle MS               the PLC's cycle; default 10
  --recipe N               the recipe that must be active; default 0, not checked
  --fault NAME[@PART]      switched on when that part enters, from the start without a part;
                           several times for several
  --defects SHARE          share of parts with a defect, 0 to 1; default 0.1
  --seed N                 which parts have one; as in the simulated camera; default 1
  --parts N                end after so many parts; default: until Ctrl-C
  --json                   one JSON object with the totals and, with --parts, each part

In the picture: p REJECT, the answer is open; A accepted; R rejected; ? unsure, is blown off;
[ ] the trigger position, | | the ejector. After a stop a person clears the belt behind the ejector
and resets (simulated too, after one second).

Faults: ${faultNames.slice(0, 5).join(', ')},
  ${faultNames.slice(5, 9).join(', ')},
  ${faultNames.slice(9).join(', ')}

${exitCodesHelp}
Here "no" means that a part is in the good box that the station did not accept, or one is lost.`;

export const plcCommand: CommandSpec = {
  name: 'plc',
  usage,
  options: {
    modbus: { type: 'string' },
    base: { type: 'string' },
    opcua: { type: 'string' },
    station: { type: 'string' },
    user: { type: 'string' },
    pki: { type: 'string' },
    rate: { type: 'string' },
    pitch: { type: 'string' },
    cycle: { type: 'string' },
    recipe: { type: 'string' },
    fault: { type: 'string', multiple: true },
    defects: { type: 'string' },
    seed: { type: 'string' },
    parts: { type: 'string' },
  },
  run,
};

const shownMs = 1000;
const operatorMs = 1000;

function protocolOf(given: Given, pkiDir: string): SimulatorOptions['protocol'] {
  const [modbus, url] = [given.text('modbus'), given.text('opcua')];
  if ((modbus === undefined) === (url === undefined)) throw new UsageError('Expected one of --modbus and --opcua');
  if (modbus !== undefined) {
    const [, host, port] = /^(.+):(\d{1,5})$/.exec(modbus) ?? [];
    if (host === undefined) throw refused('modbus', 'HOST:PORT', modbus);
    return { kind: 'modbus', host, port: Number(port), base: given.whole('base', 0, 65_195) ?? 0 };
  }
  if (given.has('base')) throw new UsageError('Expected --base beside --modbus only');
  const password = process.env.GOODPART_PLC_PASSWORD ?? '';
  return {
    ...{ kind: 'opcua', url: url ?? '', stationId: given.text('station') ?? '', user: given.text('user') ?? '' },
    ...{ password, pkiDir },
  };
}

function faultsOf(given: Given): { name: string; part: number }[] {
  return given.texts('fault').map((text) => {
    const [, name, part] = /^([a-z-]+)(?:@(\d{1,7}))?$/.exec(text) ?? [];
    if (!faultNames.some((known) => known === name)) throw refused('fault', `one of ${faultNames.join(', ')}`, text);
    return { name, part: Number(part ?? 0) };
  });
}

async function run(given: Given, signal: AbortSignal): Promise<Answer> {
  const pkiDir = resolve(given.text('pki') ?? join(homedir(), '.goodpart', 'plc-pki'));
  let simulator: PlcSimulator | undefined;
  try {
    const faults = faultsOf(given);
    const parts = given.whole('parts', 1, 10_000_000) ?? 0;
    simulator = new PlcSimulator({
      protocol: protocolOf(given, pkiDir),
      partsPerMinute: given.number('rate', 'a number from 1 to 2000', (n) => n >= 1 && n <= 2000),
      pitch: given.whole('pitch', 1, 8),
      cycleMs: given.whole('cycle', 2, 200),
      expectedRecipe: given.whole('recipe', 0, 65_535),
      defectRate: given.number('defects', 'a number from 0 to 1', (n) => n >= 0 && n <= 1),
      seed: given.whole('seed', 0, 4_294_967_295),
      ...{ parts, operatorMs },
    });
    const records: PartRecord[] = [];
    const last = await follow(simulator, { faults, parts, show: !given.flag('json'), records }, signal);
    const { totals, link } = last;
    const right = totals.goodBox.wrong === 0 && totals.lost === 0;
    return {
      json: { ok: right, simulated: true, totals, periodMs: Math.round(link.periodMs * 10) / 10, parts: records },
      text: totalsText(totals),
      code: right ? exitCodes.done : exitCodes.no,
    };
  } finally {
    await simulator?.stop();
  }
}

interface Following {
  faults: { name: string; part: number }[];
  /** 0: until it is interrupted, which is no failure then. */
  parts: number;
  show: boolean;
  records: PartRecord[];
}

/** Longest wait for a station that the blocks believe. */
const patienceMs = 30_000;

/** The line stands until the blocks believe the station; then it runs. Resolves with the last state once all parts have left the belt, or on Ctrl-C where no number was wanted. */
async function follow(simulator: PlcSimulator, o: Following, signal: AbortSignal): Promise<LineState> {
  const waiting = [...o.faults];
  let [shownAt, began] = [0, false];
  const done = Promise.withResolvers<LineState>();
  simulator.on('part', (record) => {
    if (o.parts > 0) o.records.push(record);
  });
  simulator.on('failure', (error) => done.reject(error));
  const patience = setTimeout(() => {
    const why = simulator.last === null ? 'nothing came back' : doubts(simulator.last);
    const text = `The station could not be believed within ${patienceMs / 1000} s: ${why}`;
    done.reject(new GoodpartError('GP_SOURCE_FAILED', text));
  }, patienceMs);
  simulator.on('state', (state) => {
    if (!began && !state.plc.allReject) {
      began = true;
      clearTimeout(patience);
      simulator.run(true);
    }
    const { entered, onBelt } = state.totals;
    for (const fault of waiting.filter(({ part }) => part <= entered)) {
      waiting.splice(waiting.indexOf(fault), 1);
      simulator.fault(fault.name, true);
    }
    if (o.show && performance.now() - shownAt >= shownMs) {
      shownAt = performance.now();
      console.log(lineText(state));
    }
    if (o.parts > 0 && entered >= o.parts && onBelt === 0) done.resolve(state);
  });
  signal.addEventListener('abort', () => {
    if (o.parts > 0 || simulator.last === null) done.reject(signal.reason);
    else done.resolve(simulator.last);
  });
  try {
    simulator.run(false);
    await simulator.start();
    return await done.promise;
  } finally {
    clearTimeout(patience);
  }
}

function doubts({ link, plc }: LineState): string {
  return link.connected
    ? plc.faults.map(({ en }) => en).join('; ') || 'its heartbeat was not seen to count'
    : link.text;
}
