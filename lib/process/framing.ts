import type { Duplex } from 'node:stream';
import { asGoodpartError, GoodpartError } from '../core/errors.ts';

/** One message between Node-RED's process and a child: a JSON body and any number of byte payloads. */
export interface Message {
  /** Request number; 0 for events, which get no reply. */
  id: number;
  kind: 'request' | 'reply' | 'error' | 'event';
  type: string;
  body: unknown;
  payloads: Buffer[];
}

const kinds: Message['kind'][] = ['request', 'reply', 'error', 'event'];
const maxHeader = 16 * 1024 * 1024;
const maxPayloads = 512 * 1024 * 1024;

/** Where each payload lies instead of following the header: the number of its shared slot, or null. */
export type Slots = readonly (number | null)[];

/** Writes a message; its payloads as they are, never copied. */
export function writeMessage(stream: Duplex, message: Message, lent: Slots = []): void {
  const pieces = encodeMessage(message, lent);
  stream.cork();
  for (const bytes of pieces) stream.write(bytes);
  stream.uncork();
}

/**
 * Wire form: u32 header length, header JSON `{id, kind, type, body, sizes, slots}`, then the payloads that are in no slot, end to end; big
 * endian. In pieces: the head, and the payloads themselves.
 */
export function encodeMessage(message: Message, lent: Slots = []): Buffer[] {
  const { payloads, ...rest } = message;
  const slots = lent.some((slot) => slot !== null) ? lent : undefined;
  const header = JSON.stringify({ ...rest, sizes: payloads.map((payload) => payload.length), slots });
  const length = Buffer.byteLength(header);
  const head = Buffer.allocUnsafe(4 + length);
  head.writeUInt32BE(length);
  head.write(header, 4);
  return [head, ...payloads.filter((payload, i) => payload.length > 0 && slots?.[i] == null)];
}

/** Tells each message of a stream, until something comes that is none: that is told once, and nothing any more. */
export function readMessages(
  stream: Duplex,
  tell: { message(message: Message): void; nonsense(error: GoodpartError): void },
): void {
  const reader = new MessageReader((message) => tell.message(message));
  let over = false;
  stream.on('data', (chunk: Buffer) => {
    if (over) return;
    try {
      reader.push(chunk);
    } catch (error) {
      over = true;
      tell.nonsense(asGoodpartError(error));
    }
  });
}

/** Reassembles messages from a byte stream. Payload chunks are joined once, when the last byte is there. */
export class MessageReader {
  #chunks: Buffer[] = [];
  #size = 0;
  #header: { message: Omit<Message, 'payloads'>; sizes: number[]; slots: Slots; need: number } | undefined;
  #headerLength = -1;
  readonly #onMessage: (message: Message) => void;
  readonly #readSlot: ((slot: number, size: number) => Buffer) | undefined;

  /** Without `readSlot` a message that refers to slots is nonsense. */
  constructor(onMessage: (message: Message) => void, readSlot?: (slot: number, size: number) => Buffer) {
    this.#onMessage = onMessage;
    this.#readSlot = readSlot;
  }

  /** Feeds received bytes. Throws GP_PROTOCOL on nonsense; the stream is then useless. */
  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    for (;;) {
      if (this.#header === undefined && !this.#readHeader()) return;
      const header = this.#header;
      if (header === undefined || this.#size < header.need) return;
      const bytes = this.#take(header.need);
      this.#header = undefined;
      const payloads: Buffer[] = [];
      let at = 0;
      for (const [i, size] of header.sizes.entries()) {
        const slot = header.slots[i] ?? null;
        if (slot !== null && this.#readSlot) payloads.push(this.#readSlot(slot, size));
        else {
          payloads.push(bytes.subarray(at, at + size));
          at += size;
        }
      }
      this.#onMessage({ ...header.message, payloads });
    }
  }

  #readHeader(): boolean {
    if (this.#headerLength < 0) {
      if (this.#size < 4) return false;
      this.#headerLength = this.#take(4).readUInt32BE();
      if (this.#headerLength > maxHeader)
        throw new GoodpartError('GP_PROTOCOL', `Header of ${this.#headerLength} bytes`);
    }
    if (this.#size < this.#headerLength) return false;
    const text = this.#take(this.#headerLength).toString('utf8');
    this.#headerLength = -1;
    let parsed: Omit<Message, 'payloads'> & { sizes: number[]; slots?: Slots };
    try {
      parsed = JSON.parse(text);
    } catch (error) {
      throw new GoodpartError('GP_PROTOCOL', 'Header is not JSON', { cause: error });
    }
    const { sizes, slots = [], ...message } = Object(parsed) as typeof parsed;
    if (!kinds.includes(message.kind) || typeof message.type !== 'string' || !Number.isInteger(message.id)) {
      throw new GoodpartError('GP_PROTOCOL', 'Header without id, kind and type');
    }
    if (!Array.isArray(sizes) || sizes.some((size) => !Number.isInteger(size) || size < 0)) {
      throw new GoodpartError('GP_PROTOCOL', 'Header without payload sizes');
    }
    const known = (slot: number | null) => slot === null || (Number.isInteger(slot) && slot >= 0);
    if (!Array.isArray(slots) || !slots.every(known) || (slots.length > 0 && this.#readSlot === undefined)) {
      throw new GoodpartError('GP_PROTOCOL', 'Header with slots that are not there');
    }
    const need = sizes.reduce((sum, size, i) => (slots[i] == null ? sum + size : sum), 0);
    if (need > maxPayloads) throw new GoodpartError('GP_PROTOCOL', `Payloads of ${need} bytes`);
    this.#header = { message, sizes, slots, need };
    return true;
  }

  #take(length: number): Buffer {
    this.#size -= length;
    const first = this.#chunks[0];
    if (length === 0) return Buffer.alloc(0);
    if (first.length === length) {
      this.#chunks.shift();
      return first;
    }
    if (first.length > length) {
      this.#chunks[0] = first.subarray(length);
      return first.subarray(0, length);
    }
    const joined = Buffer.allocUnsafe(length);
    let at = 0;
    while (at < length) {
      const chunk = this.#chunks[0];
      const part = chunk.subarray(0, length - at);
      part.copy(joined, at);
      at += part.length;
      if (part.length === chunk.length) this.#chunks.shift();
      else this.#chunks[0] = chunk.subarray(part.length);
    }
    return joined;
  }
}
