import type { Server, Socket } from 'node:net';
import { type IServiceVector, ServerTCP } from 'modbus-serial';
import { wordsInRange } from './command-ranges.ts';
import type { Protocol, StationView } from './endpoint.ts';
import { guardSocket, type ModbusRequest } from './modbus-guard.ts';
import {
  blockLength,
  commandLength,
  commandStart,
  commandTextStart,
  encodeRegisters,
  readableRanges,
  slotSpan,
  swapBytes,
} from './registers.ts';
import type { ModbusSettings } from './settings.ts';

const maxReadRegisters = 125;
const maxReadBits = 2000;
/** An orderly end leaves the closing picture readable this long. */
const lastWordsMs = 300;
const simpleCoils = [200, 201] as const;
const deviceFailure = 4;

function modbusError(code: 1 | 2 | 3 | 4 | 6, text: string): Error {
  return Object.assign(new Error(text), { modbusErrorCode: code });
}

interface Attached {
  view: StationView;
  registers: Uint16Array | undefined;
}

/** Modbus TCP server: each request is answered from one picture of the station, made when the request is read. */
export class ModbusServer implements Protocol {
  onFailure: (error: Error) => void = () => {};
  readonly #settings: ModbusSettings;
  readonly #slots = new Map<number, Attached>();
  #server: ServerTCP | undefined;
  #lastFault: string | undefined;

  constructor(settings: ModbusSettings) {
    this.#settings = settings;
  }

  attach(view: StationView, slot: number): void {
    this.detach(view.id);
    this.#slots.set(slot, { view, registers: undefined });
  }

  detach(id: string): void {
    for (const [slot, { view }] of this.#slots) if (view.id === id) this.#slots.delete(slot);
  }

  refresh(id: string): void {
    for (const attached of this.#slots.values()) if (attached.view.id === id) attached.registers = undefined;
  }

  clients(): number {
    return this.#server?.socks.size ?? 0;
  }

  open(): Promise<void> {
    const { host, port, unitId } = this.#settings;
    return new Promise((resolve, reject) => {
      const server = new ServerTCP(this.#vector(), { host, port, unitID: unitId });
      const listener = (server as unknown as { _server: Server })._server;
      listener.maxConnections = this.#settings.maxClients;
      listener.on('connection', (socket: Socket) => this.#guard(socket));
      let opened = false;
      server.on('socketError', () => {}); // the socket's own close tidies up
      server.on('error', () => {});
      server.on('serverError', (error) => {
        server.close(() => {});
        if (!opened) reject(error ?? new Error('Modbus server failed'));
        else this.onFailure(error ?? new Error('Modbus server failed'));
      });
      server.on('initialized', () => {
        opened = true;
        this.#server = server;
        resolve();
      });
    });
  }

  async close(orderly: boolean): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    if (orderly && server.socks.size > 0) await new Promise((resolve) => setTimeout(resolve, lastWordsMs));
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  #guard(socket: Socket): void {
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 10_000);
    socket.setTimeout(this.#settings.idleMs, () => socket.destroy());
    guardSocket(socket, {
      unitId: this.#settings.unitId,
      refuse: (request) => this.#refusal(request),
      read: (address, count) => this.#registersOr(address, count),
    });
  }

  /** Counts out of their range; and several coils are written as a whole or not at all, where the library would begin with the first. */
  #refusal({ functionCode, body }: ModbusRequest): number {
    if (functionCode > 4 && functionCode !== 15) return 0;
    const [address, count] = [body.readUInt16BE(2), body.readUInt16BE(4)];
    if (functionCode <= 4) return count > 0 && count <= (functionCode <= 2 ? maxReadBits : maxReadRegisters) ? 0 : 3;
    const offset = address % slotSpan;
    const known = this.#slots.has(Math.floor(address / slotSpan));
    return known && offset >= simpleCoils[0] && offset + count - 1 <= simpleCoils[1] ? 0 : 2;
  }

  #vector(): IServiceVector {
    const read = (address: number, length: number) => Array.from(this.#answer(() => this.#read(address, length)));
    const bit = (address: number) => this.#answer(() => this.#bit(address));
    const write = (address: number, values: number[]) => this.#answer(() => this.#write(address, values));
    return {
      getMultipleHoldingRegisters: (address: number, length: number) => read(address, length),
      getMultipleInputRegisters: (address: number, length: number) => read(address, length),
      getHoldingRegister: (address: number) => read(address, 1)[0],
      getInputRegister: (address: number) => read(address, 1)[0],
      getCoil: (address: number) => this.#answer(() => this.#coil(address) ?? this.#bit(address)),
      getDiscreteInput: (address: number) => bit(address),
      setCoil: (address: number, on: boolean) => this.#answer(() => this.#setCoil(address, on)),
      setRegister: (address: number, value: number) => write(address, [value]),
      setRegisterArray: (address: number, values: number[]) => write(address, values),
    };
  }

  /** The library turns any other error into exception 4 without a word: a fault of ours must be found in the child's last lines. */
  #answer<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      const text = error instanceof Error && !('modbusErrorCode' in error) ? (error.stack ?? error.message) : undefined;
      if (text !== undefined && text !== this.#lastFault) process.stderr.write(`Modbus: ${text}\n`);
      this.#lastFault = text ?? this.#lastFault;
      throw error;
    }
  }

  #find(address: number): { attached: Attached; offset: number } {
    const attached = this.#slots.get(Math.floor(address / slotSpan));
    const offset = address % slotSpan;
    if (attached === undefined || offset >= blockLength) throw modbusError(2, `No register ${address}`);
    return { attached, offset };
  }

  /** One picture per turn of the loop: a request that asks bit by bit still sees one instant. */
  #registers(attached: Attached): Uint16Array {
    if (attached.registers === undefined) {
      const { wordOrder, textOrder } = this.#settings;
      attached.registers = encodeRegisters(attached.view.values(), wordOrder, textOrder);
      setImmediate(() => {
        attached.registers = undefined;
      });
    }
    return attached.registers;
  }

  /** Or the exception code. */
  #registersOr(address: number, count: number): Uint16Array | number {
    try {
      return this.#answer(() => this.#read(address, count));
    } catch (error) {
      return (error as { modbusErrorCode?: number }).modbusErrorCode ?? deviceFailure;
    }
  }

  #read(address: number, length: number): Uint16Array {
    const { attached, offset } = this.#find(address);
    const last = offset + length - 1;
    if (!readableRanges.some(([from, to]) => offset >= from && last <= to)) {
      throw modbusError(2, `No registers ${address}..${address + length - 1}`);
    }
    return this.#registers(attached).subarray(offset, last + 1);
  }

  #bit(address: number): boolean {
    const { attached, offset } = this.#find(address);
    if (offset > 31) throw modbusError(2, `No bit ${address}`);
    const word = this.#registers(attached)[offset < 16 ? 2 : 3];
    return ((word >> (offset % 16)) & 1) === 1;
  }

  #coil(address: number): boolean | undefined {
    const { attached, offset } = this.#find(address);
    return offset === 200 || offset === 201 ? attached.view.coil(offset === 200 ? 0 : 1) : undefined;
  }

  #setCoil(address: number, on: boolean): void {
    const { attached, offset } = this.#find(address);
    if (offset !== 200 && offset !== 201) throw modbusError(2, `Bit ${address} cannot be written`);
    attached.view.setCoil(offset === 200 ? 0 : 1, on);
  }

  #write(address: number, values: number[]): void {
    const { attached, offset } = this.#find(address);
    const first = offset - commandStart;
    if (first < 0 || values.length === 0 || first + values.length > commandLength) {
      throw modbusError(2, `Registers ${address}..${address + values.length - 1} cannot be written`);
    }
    const low = this.#settings.textOrder === 'low';
    const words = values.map((word, index) => (low && first + index >= commandTextStart ? swapBytes(word) : word));
    if (!wordsInRange(first, words)) throw modbusError(3, 'A value of the command block is out of its range');
    attached.view.write(first, words);
    attached.view.evaluate();
    attached.registers = undefined;
  }
}
