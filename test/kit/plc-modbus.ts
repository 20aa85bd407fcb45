import { ModbusClient } from '../plc/modbus-client.ts';
import { until } from './until.ts';

const at = { commandAck: 10, accepted: 13, rejected: 15, result: 22 } as const;

/** What a PLC's programmer would write over Modbus: part id first, then the trigger, then wait for the result with its number. */
export class ModbusPlc {
  client!: ModbusClient;
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
  }

  async connect(): Promise<void> {
    this.client = await until('Modbus answers', () => ModbusClient.connect(this.#port).catch(() => undefined));
  }

  /** Connects until another boot of the station is ready: the PLC process of a Node-RED that was killed goes on answering for a while. */
  async reconnect(bootId: number): Promise<void> {
    const ready = async () => {
      this.client.close();
      this.client = await ModbusClient.connect(this.#port);
      const words = await this.client.read(0, 8);
      const [, boot, status] = words;
      if (boot !== bootId && (status & 1) === 1) return true;
      throw new Error(`${boot === bootId ? 'the old' : 'another'} boot says ${words}`);
    };
    await until('another boot is ready', ready, { timeoutMs: 40_000 });
  }

  async one(address: number): Promise<number> {
    return (await this.client.read(address, 1))[0];
  }

  async trigger(id: number, part: string): Promise<void> {
    const text = Buffer.alloc(64);
    text.write(part);
    const words = Array.from({ length: 32 }, (_, n) => text.readUInt16BE(2 * n));
    await this.client.write(208, [Buffer.byteLength(part), ...words]);
    await this.client.write(200, [id]);
  }

  async result(id: number): Promise<number[]> {
    return until(`the result of ${id}`, async () => {
      const words = await this.client.read(0, 100);
      return words[at.result + 1] === id && words[77] === words[22] ? words : undefined;
    });
  }

  /** Triggers with ever new numbers until one is not refused: right after a deploy the trigger node may not be there yet. */
  async inspect(from: number): Promise<number[]> {
    for (let id = from; ; id++) {
      await this.trigger(id, `P${id}`);
      const accepted = await until('an answer', async () => {
        const [taken, , refused] = await this.client.read(at.accepted, 3);
        return taken === id ? 'accepted' : refused === id ? 'refused' : undefined;
      });
      if (accepted === 'accepted') return this.result(id);
    }
  }

  /** One slow command, from 0 to its code and back; its status. */
  async command(code: number, arg = 0): Promise<number> {
    await this.client.write(203, [code, arg]);
    await until('its echo', async () => (await this.one(at.commandAck)) === code);
    const [, status] = await this.client.read(at.commandAck, 2);
    await this.client.write(203, [0]);
    await until('idle', async () => (await this.one(at.commandAck)) === 0);
    return status;
  }

  /** Says what became of the part of a trigger. */
  async dispose(triggerId: number, code: number): Promise<void> {
    await this.client.write(206, [triggerId, code]);
  }
}
