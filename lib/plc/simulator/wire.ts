import { systemClock } from '../../core/clock.ts';
import { asGoodpartError } from '../../core/errors.ts';
import { type CommandBlock, decodePicture, type StationPicture } from '../reference/picture.ts';

/** What is to be written at the moment, with the version that the block gave it. */
export interface Outgoing {
  command: CommandBlock;
  version: number;
}

export interface WireState {
  connected: boolean;
  /** One sentence for people. */
  text: string;
  /** From one exchange to the next, milliseconds, of the last ones; 0 before the first. */
  periodMs: number;
}

/** A client of the station's server, over one protocol. */
export interface PlcProtocol {
  /** For people. */
  readonly address: string;
  open(): Promise<void>;
  /** Writes the command block, then reads. Rejects where the link is gone. */
  exchange(command: CommandBlock): Promise<StationPicture>;
  close(): Promise<void>;
}

const retryMs = 250;

/**
 * The PLC's communication task: write, read, over and over, beside the PLC's cycle, as `examples/plc/README.md` tells it. Whatever fails closes the
 * connection and opens it again after a pause.
 */
export class PlcWire {
  readonly #protocol: PlcProtocol;
  readonly #pollMs: number;
  /** Called with each picture that was read. */
  readonly #seen: (picture: StationPicture) => void;
  #state: WireState = { connected: false, text: 'not connected yet', periodMs: 0 };
  #pulled = false;
  #running = false;
  #loop: Promise<void> = Promise.resolve();
  #wake: (() => void) | undefined;
  #program = 0;
  /** Before the first read there is nothing that a block would believe. */
  picture: StationPicture = decodePicture(new Uint16Array(100), new Uint16Array(40));
  /** When it was read, monotonic milliseconds. */
  readAt = Number.NEGATIVE_INFINITY;
  writtenVersion = 0;

  constructor(protocol: PlcProtocol, o: { pollMs: number; seen: (picture: StationPicture) => void }) {
    this.#protocol = protocol;
    this.#pollMs = o.pollMs;
    this.#seen = o.seen;
  }

  get state(): WireState {
    return this.#state;
  }

  start(outgoing: () => Outgoing): void {
    this.#running = true;
    this.#loop = this.#run(outgoing);
  }

  async stop(): Promise<void> {
    this.#running = false;
    this.#wake?.();
    await this.#loop;
  }

  /** Another program numbers its versions anew: what was written for the last one says nothing of them. */
  forget(): void {
    this.#program += 1;
    this.writtenVersion = 0;
  }

  /** Pulls the cable, or plugs it in again. */
  pull(pulled: boolean): void {
    if (pulled === this.#pulled) return;
    this.#pulled = pulled;
    this.#wake?.();
  }

  async #run(outgoing: () => Outgoing): Promise<void> {
    while (this.#running) {
      try {
        if (this.#pulled) this.#is(false, 'the cable is pulled (simulated)');
        else {
          await this.#protocol.open();
          await this.#exchange(outgoing);
        }
      } catch (thrown) {
        this.#is(false, `${this.#protocol.address}: ${asGoodpartError(thrown).message}`);
      }
      await this.#protocol.close().catch(() => {});
      if (this.#running) await this.#pause(retryMs);
    }
  }

  async #exchange(outgoing: () => Outgoing): Promise<void> {
    while (this.#running && !this.#pulled) {
      const began = systemClock.mono();
      const program = this.#program;
      const { command, version } = outgoing();
      const picture = await this.#protocol.exchange(command);
      if (this.#pulled) return;
      this.picture = picture;
      this.readAt = systemClock.mono();
      if (program === this.#program) this.writtenVersion = version;
      this.#seen(picture);
      await this.#pause(Math.max(0, this.#pollMs - (systemClock.mono() - began)));
      const took = systemClock.mono() - began;
      const periodMs = this.#state.periodMs === 0 ? took : this.#state.periodMs * 0.95 + took * 0.05;
      this.#state = { connected: true, text: `connected to ${this.#protocol.address}`, periodMs };
    }
  }

  #is(connected: boolean, text: string): void {
    this.#state = { ...this.#state, connected, text };
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
