import type { Socket } from 'node:net';
import ModbusRTU from 'modbus-serial';
import { GoodpartError } from '../core/errors.ts';
import { reach } from './reach.ts';

export interface WireOptions {
  host: string;
  port: number;
  unitId: number;
  timeoutMs: number;
}

const exceptions: Record<number, string> = {
  1: 'function not supported',
  2: 'no such register',
  3: 'value or length not allowed',
  4: 'the device failed',
  5: 'not done yet',
  6: 'busy',
  10: 'gateway path unavailable',
  11: 'the device behind the gateway does not answer',
};

/** A connection to a Modbus TCP server, one request at a time; the first failure ends it. */
export class ModbusWire {
  readonly #socket: Socket;
  readonly #client = new ModbusRTU();
  readonly #options: WireOptions;
  readonly #address: string;
  readonly #lost: (error: Error) => void;
  #reject: (error: Error) => void = () => {};
  #over = false;

  private constructor(socket: Socket, options: WireOptions, lost: (error: Error) => void) {
    this.#socket = socket;
    this.#options = options;
    this.#address = `${options.host}:${options.port}`;
    this.#lost = lost;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 10_000);
    socket.on('close', () => this.#fail(this.#error('closed the connection')));
    this.#client.on('error', () => {}); // the socket's close says it
    this.#client.setID(options.unitId);
    this.#client.setTimeout(options.timeoutMs);
    this.#client.linkTCP(socket, { port: options.port }, () => {});
  }

  /** Rejects with one sentence after `timeoutMs` at the latest. `lost` is called once where an open connection ends by itself. */
  static async connect(options: WireOptions, lost: (error: Error) => void, signal: AbortSignal): Promise<ModbusWire> {
    const socket = await reach(options.host, options.port, options.timeoutMs, signal);
    socket.on('error', () => {});
    return new ModbusWire(socket, options, lost);
  }

  /** FC3. */
  async read(first: number, count: number): Promise<number[]> {
    const { data } = await this.#ask(`to read registers ${first}..${first + count - 1}`, () =>
      this.#client.readHoldingRegisters(first, count),
    );
    return data;
  }

  /** FC16; resolves when the server has acknowledged all of it. */
  async write(first: number, words: Uint16Array): Promise<void> {
    const what = `to write registers ${first}..${first + words.length - 1}`;
    const { address, length } = await this.#ask(what, () => this.#client.writeRegisters(first, Array.from(words)));
    if (address === first && length === words.length) return;
    throw this.#fail(
      this.#error(`acknowledged ${length} registers at ${address} instead of ${words.length} at ${first}`),
    );
  }

  /** Not orderly: with a reset, or the system would go on delivering what was written long after the cable is back. */
  end(orderly: boolean): void {
    this.#over = true;
    if (orderly) this.#socket.end();
    else this.#socket.resetAndDestroy();
    this.#reject(this.#error('was left'));
    if (orderly) setTimeout(() => this.#socket.destroy(), this.#options.timeoutMs).unref();
  }

  #ask<T>(what: string, request: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#over) return reject(this.#error('is not connected'));
      this.#reject = reject;
      request().then(resolve, (error: Error & { modbusCode?: number }) => {
        reject(this.#fail(this.#error(this.#why(what, error))));
      });
    });
  }

  #why(what: string, { message, name, modbusCode }: Error & { modbusCode?: number }): string {
    if (modbusCode !== undefined) {
      return `refused ${what}: exception ${modbusCode} (${exceptions[modbusCode] ?? 'unknown'})`;
    }
    if (name === 'TransactionTimedOutError') return `did not answer within ${this.#options.timeoutMs} ms`;
    if (name === 'PortNotOpenError') return 'closed the connection';
    return `answered what was not asked: ${message}`;
  }

  #fail(error: Error): Error {
    if (this.#over) return error;
    this.#over = true;
    this.#socket.resetAndDestroy();
    this.#reject(error);
    this.#lost(error);
    return error;
  }

  #error(text: string): GoodpartError {
    return new GoodpartError('GP_ENDPOINT_FAILED', `${this.#address} ${text}`);
  }
}
