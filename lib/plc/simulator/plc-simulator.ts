import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import { type GoodpartError, invalidParameter } from '../../core/errors.ts';
import { redactor } from '../../process/redact.ts';
import { type ChildStats, SupervisedChild } from '../../process/supervised-child.ts';
import { parseSettings } from '../settings.ts';
import { faultNames, isSimulatedFault, type SimulatedFault, simulatedFaults } from './faults.ts';
import type { PartRecord } from './part-book.ts';
import { type SimulatorOptions, type SimulatorSettings, simulatorSettings } from './settings.ts';
import type { LineState } from './simulator.ts';

export interface PlcSimulatorEvents {
  part: [record: PartRecord];
  /** Ten times a second. */
  state: [state: LineState];
  /** The child ended; it is started again by itself, with an empty belt and totals of 0. */
  failure: [error: GoodpartError];
}

/** The simulated line and its PLC, in a child of its own: the parent's side. Throws GP_CONFIG_INVALID for settings that cannot be. */
export class PlcSimulator extends EventEmitter<PlcSimulatorEvents> {
  readonly settings: SimulatorSettings;
  readonly #child: SupervisedChild;
  readonly #on = new Set<SimulatedFault>();
  #running = true;
  /** As told last; null before the first. */
  last: LineState | null = null;

  constructor(options: SimulatorOptions) {
    super();
    this.settings = parseSettings(simulatorSettings, options) as SimulatorSettings;
    const { protocol } = this.settings;
    const secrets = protocol.kind === 'opcua' && protocol.password !== '' ? [protocol.password] : [];
    this.#child = new SupervisedChild({
      name: 'PLC simulator',
      module: join(__dirname, 'simulator-child.js'),
      hungMs: 8_000,
      startMs: 40_000,
      stopMs: 4_000,
      redact: redactor(secrets),
      initialise: (child) => this.#initialise(child),
    });
    this.#child.on('event', (type: string, body: unknown) => this.#receive(type, body));
    this.#child.on('failure', (error: GoodpartError) => {
      this.last = null;
      if (this.listenerCount('failure') > 0) this.emit('failure', error);
    });
  }

  /** Rejects where the child could not be started; it goes on trying. */
  start(): Promise<void> {
    return this.#child.start();
  }

  stop(): Promise<void> {
    return this.#child.stop();
  }

  /** Switches a fault on or off. Throws GP_INPUT_INVALID for a name that is none. */
  fault(name: unknown, on: boolean): void {
    if (!isSimulatedFault(name)) throw invalidParameter('fault', `one of ${faultNames.join(', ')}`, name);
    if (simulatedFaults[name] === 'switch') {
      if (on) this.#on.add(name);
      else this.#on.delete(name);
    } else if (!on) return;
    this.#child.tell('fault', { name, on });
  }

  /** Switches the line on or off. */
  run(on: boolean): void {
    this.#running = on;
    this.#child.tell('run', { on });
  }

  /** Somebody clears the belt behind the ejector, empties the bin and presses reset. */
  reset(): void {
    this.#child.tell('reset', null);
  }

  stats(): ChildStats {
    return this.#child.stats();
  }

  async #initialise(child: SupervisedChild): Promise<void> {
    await child.request('start', this.settings, [], { deadlineMs: 30_000 });
    await child.request('run', { on: this.#running });
    for (const name of this.#on) await child.request('fault', { name, on: true });
  }

  #receive(type: string, body: unknown): void {
    if (type === 'part') this.emit('part', body as PartRecord);
    else if (type === 'state') {
      this.last = body as LineState;
      this.emit('state', this.last);
    }
  }
}
