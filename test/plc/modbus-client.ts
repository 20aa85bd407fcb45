import { Socket } from 'node:net';
import { client as clients, type ModbusTCPClient } from 'jsmodbus';

/** An independent Modbus client (jsmodbus) whose answers are plain words. */
export class ModbusClient {
  readonly #socket = new Socket();
  readonly #client: ModbusTCPClient;

  constructor(unitId = 1, timeoutMs = 2000) {
    this.#client = new clients.TCP(this.#socket, unitId, timeoutMs);
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {});
  }

  static async connect(port: number, unitId = 1, timeoutMs = 2000): Promise<ModbusClient> {
    const client = new ModbusClient(unitId, timeoutMs);
    await new Promise<void>((resolve, reject) => {
      client.#socket.once('error', reject);
      client.#socket.connect({ host: '127.0.0.1', port }, resolve);
    });
    return client;
  }

  async read(start: number, count: number): Promise<number[]> {
    const { response } = await this.#client.readHoldingRegisters(start, count);
    return Array.from(response.body.valuesAsArray);
  }

  async readInput(start: number, count: number): Promise<number[]> {
    const { response } = await this.#client.readInputRegisters(start, count);
    return Array.from(response.body.valuesAsArray);
  }

  async write(start: number, words: number[]): Promise<void> {
    await this.#client.writeMultipleRegisters(start, words);
  }

  async coils(start: number, count: number): Promise<boolean[]> {
    const { response } = await this.#client.readCoils(start, count);
    return Array.from(response.body.valuesAsArray)
      .slice(0, count)
      .map((bit) => bit === 1);
  }

  async setCoil(address: number, on: boolean): Promise<void> {
    await this.#client.writeSingleCoil(address, on);
  }

  get closed(): boolean {
    return this.#socket.destroyed;
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** The Modbus exception code of a rejected call, or undefined. */
export async function exceptionOf(call: Promise<unknown>): Promise<number | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    const { response } = error as { response?: { body?: { code?: number } } };
    if (response?.body?.code === undefined) throw error;
    return response.body.code;
  }
}
