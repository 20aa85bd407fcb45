import { GoodpartError } from '../core/errors.ts';
import { type Place, PlcClient, type PlcConnection } from './client.ts';
import { ModbusWire } from './modbus-wire.ts';
import { spansToWrite } from './register-spans.ts';
import { commandLength, commandStart, commandTextStart, encodeRegisters, slotSpan, swapBytes } from './registers.ts';
import type { ModbusClientSettings } from './settings.ts';
import type { TagValues } from './tag-values.ts';

const proofStart = 18;
const proofLength = 4;

/** The station as client of a PLC's Modbus TCP server: it writes the map into the PLC's registers and reads the command block there. */
export function modbusClient(settings: ModbusClientSettings): PlcClient {
  const address = `${settings.host}:${settings.port}`;
  return new PlcClient({
    address,
    connect: async ({ lost }, signal) =>
      new ModbusConnection(await ModbusWire.connect(settings, lost, signal), settings, address),
  });
}

class ModbusConnection implements PlcConnection {
  readonly pollMs: number;
  readonly #wire: ModbusWire;
  readonly #settings: ModbusClientSettings;
  readonly #address: string;
  /** What the PLC has acknowledged. */
  readonly #held = new WeakMap<Place, Uint16Array>();

  constructor(wire: ModbusWire, settings: ModbusClientSettings, address: string) {
    this.#wire = wire;
    this.#settings = settings;
    this.#address = address;
    this.pollMs = settings.pollMs;
  }

  remark(): string {
    return '';
  }

  /** The proof constants are what they always are: writing them harms nobody, and reading them back proves memory. */
  async prepare(place: Place, values: TagValues): Promise<void> {
    const first = this.#base(place) + proofStart;
    const proof = this.#encode(values).subarray(proofStart, proofStart + proofLength);
    await this.#wire.write(first, proof);
    const back = await this.#wire.read(first, proofLength);
    if (back.every((word, index) => word === proof[index])) return;
    const hex = (words: ArrayLike<number>) => Array.from(words, (word) => word.toString(16).padStart(4, '0')).join(' ');
    throw new GoodpartError(
      'GP_ENDPOINT_FAILED',
      `${this.#address} does not keep what is written to registers ${first}..${first + proofLength - 1} ` +
        `(${hex(proof)} became ${hex(back)}): they are not writable memory, or a gateway changes the word order`,
    );
  }

  async show(place: Place, values: TagValues): Promise<void> {
    const now = this.#encode(values);
    for (const [first, last] of spansToWrite(this.#held.get(place), now)) {
      await this.#wire.write(this.#base(place) + first, now.subarray(first, last + 1));
    }
    this.#held.set(place, now);
  }

  leave(place: Place, values: TagValues): Promise<void> {
    return this.show(place, values);
  }

  async readCommands(place: Place): Promise<number[]> {
    const words = await this.#wire.read(this.#base(place) + commandStart, commandLength);
    if (this.#settings.textOrder === 'high') return words;
    return words.map((word, index) => (index >= commandTextStart ? swapBytes(word) : word));
  }

  async end(orderly: boolean): Promise<void> {
    this.#wire.end(orderly);
  }

  #encode(values: TagValues): Uint16Array {
    return encodeRegisters(values, this.#settings.wordOrder, this.#settings.textOrder);
  }

  #base({ slot }: Place): number {
    return this.#settings.base + slot * slotSpan;
  }
}
