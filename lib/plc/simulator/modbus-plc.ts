import ModbusRTU from 'modbus-serial';
import {
  type CommandBlock,
  decodePicture,
  encodeCommand,
  pictureLength,
  ringLength,
  ringStart,
  type StationPicture,
} from '../reference/picture.ts';
import type { PlcProtocol } from './wire.ts';

const commandStart = 200;
const answerMs = 1000;

/** The PLC's Modbus TCP client: one write of 41 registers, one read of 100, one of 40. */
export class ModbusPlc implements PlcProtocol {
  readonly address: string;
  readonly #o: { host: string; port: number; base: number };
  #client: ModbusRTU | undefined;

  constructor(o: { host: string; port: number; base: number }) {
    this.#o = o;
    this.address = `${o.host}:${o.port}${o.base === 0 ? '' : `, registers from ${o.base}`}`;
  }

  async open(): Promise<void> {
    const { host, port } = this.#o;
    const client = new ModbusRTU();
    this.#client = client;
    client.on('error', () => {}); // the request in flight rejects
    client.setTimeout(answerMs);
    await client.connectTCP(host, { port });
    client.setID(255);
  }

  async exchange(command: CommandBlock): Promise<StationPicture> {
    const client = this.#client;
    if (client === undefined) throw new Error('not connected');
    const { base } = this.#o;
    await client.writeRegisters(base + commandStart, [...encodeCommand(command)]);
    const registers = await client.readHoldingRegisters(base, pictureLength);
    const ring = await client.readHoldingRegisters(base + ringStart, ringLength);
    return decodePicture(registers.data, ring.data);
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    client?.destroy(() => {});
  }
}
