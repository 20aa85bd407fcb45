import type { ClientSession, OPCUAClient } from 'node-opcua';
import { loadOpcua } from '../opcua-server.ts';
import type { Opcua } from '../opcua-variant.ts';
import {
  type CommandBlock,
  decodePicture,
  pictureLength,
  ringLength,
  type StationPicture,
} from '../reference/picture.ts';
import type { PlcProtocol } from './wire.ts';

const ringLists = ['Sequence', 'TriggerId', 'Code', 'Reason', 'Severity'] as const;
const ringEntries = 8;
const noSeverity = 65_535;
const answerMs = 3000;

export interface OpcUaPlcOptions {
  url: string;
  stationId: string;
  user: string;
  password: string;
  pkiDir: string;
}

/**
 * The PLC's OPC UA client: `Image` and the five `Ring` lists in one read, the members of `Command` in one write, TriggerId last. With a
 * user it signs and encrypts; without one it can only read, and its commands are refused.
 */
export class OpcUaPlc implements PlcProtocol {
  readonly address: string;
  readonly #o: OpcUaPlcOptions;
  #opcua: Opcua | undefined;
  #client: OPCUAClient | undefined;
  #session: ClientSession | undefined;
  #station = '';

  constructor(o: OpcUaPlcOptions) {
    this.#o = o;
    this.address = o.url;
  }

  async open(): Promise<void> {
    const { url, user, password, pkiDir } = this.#o;
    const opcua = await loadOpcua();
    this.#opcua = opcua;
    const certificates = new opcua.OPCUACertificateManager({
      rootFolder: pkiDir,
      automaticallyAcceptUnknownCertificate: true,
    });
    await certificates.initialize();
    const secured = {
      securityMode: opcua.MessageSecurityMode.SignAndEncrypt,
      securityPolicy: opcua.SecurityPolicy.Basic256Sha256,
    };
    const client = opcua.OPCUAClient.create({
      endpointMustExist: false,
      clientCertificateManager: certificates,
      applicationName: 'Goodpart simulated PLC',
      connectionStrategy: { maxRetry: 0, initialDelay: 100, maxDelay: 200 },
      transportTimeout: answerMs,
      requestedSessionTimeout: 20_000,
      ...(user === '' ? {} : secured),
    });
    this.#client = client;
    client.on('connection_lost', () => {
      this.#session = undefined;
    });
    await client.connect(url).catch((error: Error) => {
      if (!/BadSecurityChecksFailed|BadCertificateUntrusted/.test(error.message)) throw error;
      throw new Error(
        'the station does not trust this PLC yet: move its certificate from pki/rejected to pki/trusted/certs',
      );
    });
    const login = { type: opcua.UserTokenType.UserName, userName: user, password } as const;
    this.#session = await client.createSession(user === '' ? undefined : login);
    this.#station = this.#o.stationId || (await this.#findStation(opcua, this.#session));
  }

  async exchange(command: CommandBlock): Promise<StationPicture> {
    const [opcua, session] = [this.#opcua, this.#session];
    if (opcua === undefined || session === undefined) throw new Error('the connection is lost');
    await this.#write(opcua, session, command);
    return this.read();
  }

  /** Reads only: what anyone may. */
  async read(): Promise<StationPicture> {
    const [opcua, session] = [this.#opcua, this.#session];
    if (opcua === undefined || session === undefined) throw new Error('the connection is lost');
    const names = ['Image', ...ringLists.map((name) => `Ring.${name}`)];
    const values = await session.read(
      names.map((name) => ({ nodeId: this.#node(name), attributeId: opcua.AttributeIds.Value })),
    );
    const bad = values.find(({ statusCode }) => statusCode.isNot(opcua.StatusCodes.Good));
    if (bad !== undefined) throw new Error(`the station’s tags are ${bad.statusCode.name}`);
    const [image, ...lists] = values.map(({ value }) => Array.from(value.value as ArrayLike<number>));
    if (image.length !== pictureLength) throw new Error(`Image has ${image.length} words`);
    const ring = new Uint16Array(ringLength);
    for (let entry = 0; entry < ringEntries; entry++) {
      for (const [column, list] of lists.entries()) {
        ring[entry * ringLists.length + column] = column === 4 ? thousandths(list[entry]) : list[entry];
      }
    }
    return decodePicture(image, ring);
  }

  async close(): Promise<void> {
    const [client, session] = [this.#client, this.#session];
    this.#client = undefined;
    this.#session = undefined;
    await session?.close().catch(() => {});
    await client?.disconnect().catch(() => {});
  }

  async #write(opcua: Opcua, session: ClientSession, command: CommandBlock): Promise<void> {
    if (this.#o.user === '') throw new Error('a user is needed that may command: anonymous clients only read');
    const { UInt16, String: text } = opcua.DataType;
    const partId = Buffer.from(command.partId.slice(0, command.partIdLength)).toString('utf8');
    const members: [name: string, dataType: typeof UInt16 | typeof text, value: number | string][] = [
      ['ExpectedRecipe', UInt16, command.expectedRecipe],
      ['ResultAck', UInt16, command.resultAck],
      ['Arg', UInt16, command.arg],
      ['Code', UInt16, command.code],
      ['PlcHeartbeat', UInt16, command.plcHeartbeat],
      ['DispositionTrigger', UInt16, command.dispositionTrigger],
      ['DispositionCode', UInt16, command.dispositionCode],
      ['PartId', text, partId],
      ['TriggerId', UInt16, command.triggerId],
    ];
    const statuses = await session.write(
      members.map(([name, dataType, value]) => ({
        nodeId: this.#node(`Command.${name}`),
        attributeId: opcua.AttributeIds.Value,
        value: { value: { dataType, value } },
      })),
    );
    const refused = statuses.find((status) => status.isNot(opcua.StatusCodes.Good));
    if (refused !== undefined) throw new Error(`the station refuses the command block: ${refused.name}`);
  }

  /** The station's own id is the name of the one object that has an Image. */
  async #findStation(opcua: Opcua, session: ClientSession): Promise<string> {
    const found = await session.browse('ObjectsFolder');
    const ids = (found.references ?? []).flatMap(({ nodeId }) =>
      nodeId.namespace === 1 && typeof nodeId.value === 'string' ? [nodeId.value] : [],
    );
    const images = await session.read(
      ids.map((id) => ({ nodeId: `ns=1;s=${id}.Image`, attributeId: opcua.AttributeIds.Value })),
    );
    const stations = ids.filter((_, n) => images[n].statusCode.isNot(opcua.StatusCodes.BadNodeIdUnknown));
    if (stations.length === 1) return stations[0];
    if (stations.length === 0) throw new Error('no station is shown there');
    throw new Error(`several stations are shown there, name one: ${stations.join(', ')}`);
  }

  #node(name: string): string {
    return `ns=1;s=${this.#station}.${name}`;
  }
}

/** The ring's severity is a Float in OPC UA and thousandths in the block. */
function thousandths(severity: number): number {
  return severity < 0 ? noSeverity : Math.min(noSeverity - 1, Math.round(severity * 1000));
}
