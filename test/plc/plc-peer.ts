import {
  type CommandBlock,
  decodePicture,
  encodeCommand,
  type StationPicture,
} from '../../lib/plc/reference/picture.ts';
import type { PlcProtocol } from '../../lib/plc/simulator/wire.ts';
import { JsonPeer } from './json-peer.ts';

/** Where a station's Modbus server is, or its OPC UA server; `cert`: file without its ending, then it may command. */
export type PlcPeerTarget =
  | { port: number }
  | { url: string; station: string; cert?: string; uri?: string; user?: string; password?: string };

/** A PLC's side in pymodbus or asyncua, in a process of its own. */
export class PlcPeer implements PlcProtocol {
  readonly address: string;
  readonly #target: PlcPeerTarget;
  readonly #python: string;
  #peer: JsonPeer | undefined;

  /** `python`: one that has both packages. */
  constructor(python: string, target: PlcPeerTarget) {
    this.#python = python;
    this.#target = target;
    this.address = 'port' in target ? `pymodbus on ${target.port}` : `asyncua on ${target.url}`;
  }

  async open(): Promise<void> {
    this.#peer ??= new JsonPeer(this.#python, 'plc_peer.py');
    await this.#peer.ask({ op: 'open', ...this.#target });
  }

  async exchange(command: CommandBlock): Promise<StationPicture> {
    return this.#picture({
      op: 'exchange',
      command: { registers: [...encodeCommand(command)], members: membersOf(command) },
    });
  }

  read(): Promise<StationPicture> {
    return this.#picture({ op: 'read' });
  }

  async close(): Promise<void> {
    await this.#peer?.ask({ op: 'close' }).catch(() => {});
    this.#peer?.signal('SIGKILL');
    this.#peer = undefined;
  }

  async #picture(request: Record<string, unknown>): Promise<StationPicture> {
    if (this.#peer === undefined) throw new Error('not connected');
    const [image, ring] = await this.#peer.ask<[number[], number[]]>(request);
    return decodePicture(image, ring);
  }
}

/** The OPC UA members, TriggerId last. */
function membersOf(command: CommandBlock): [name: string, value: number | string][] {
  return [
    ['ExpectedRecipe', command.expectedRecipe],
    ['ResultAck', command.resultAck],
    ['Arg', command.arg],
    ['Code', command.code],
    ['PlcHeartbeat', command.plcHeartbeat],
    ['DispositionTrigger', command.dispositionTrigger],
    ['DispositionCode', command.dispositionCode],
    ['PartId', Buffer.from(command.partId.slice(0, command.partIdLength)).toString('utf8')],
    ['TriggerId', command.triggerId],
  ];
}
