import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { type Message, MessageReader, writeMessage } from '../../lib/process/framing.ts';

function bytesOf(...messages: Message[]): Buffer {
  const chunks: Buffer[] = [];
  const stream = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  for (const message of messages) writeMessage(stream, message);
  return Buffer.concat(chunks);
}

function readAll(chunks: Buffer[]): Message[] {
  const messages: Message[] = [];
  const reader = new MessageReader((message) => messages.push(message));
  for (const chunk of chunks) reader.push(chunk);
  return messages;
}

function plain({ payloads, ...rest }: Message) {
  return { ...rest, payloads: payloads.map((payload) => payload.toString('hex')) };
}

const payload = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));
const message: fc.Arbitrary<Message> = fc.record({
  id: fc.nat(),
  kind: fc.constantFrom('request', 'reply', 'error', 'event'),
  type: fc.string({ maxLength: 8 }),
  body: fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.parse(JSON.stringify(value)) as unknown),
  payloads: fc.array(payload, { maxLength: 3 }),
});

describe('message framing', () => {
  it('gives the same messages wherever the stream was split, at every single byte', () => {
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 2 }), (messages) => {
        const bytes = bytesOf(...messages);
        const expected = messages.map(plain);
        for (let at = 0; at <= bytes.length; at++) {
          assert.deepEqual(readAll([bytes.subarray(0, at), bytes.subarray(at)]).map(plain), expected);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('gives the same messages from any chunks, single bytes too', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 4 }), fc.array(fc.integer({ min: 1, max: 9 })), (messages, sizes) => {
        const bytes = bytesOf(...messages);
        const chunks: Buffer[] = [];
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const size = sizes[i % Math.max(1, sizes.length)] ?? 1;
          chunks.push(bytes.subarray(at, at + size));
          at += size;
        }
        assert.deepEqual(readAll(chunks).map(plain), messages.map(plain));
      }),
    );
  });

  it('refuses nonsense by one error, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 64 }), (noise) => {
        const head = Buffer.alloc(4);
        head.writeUInt32BE(noise.length);
        assert.throws(() => readAll([head, Buffer.from(noise)]), { code: 'GP_PROTOCOL' });
      }),
    );
  });

  it('refuses an oversized header before any of it was stored', () => {
    assert.throws(() => readAll([Buffer.from([0x01, 0x00, 0x00, 0x01])]), /Header of 16777217 bytes/);
  });

  it('refuses payload sizes that are negative, broken or together too large', () => {
    for (const sizes of ['[-1]', '[1.5]', '["1"]', '{}', 'null', '[300000000,300000000]']) {
      const header = Buffer.from(`{"id":1,"kind":"event","type":"x","body":null,"sizes":${sizes}}`);
      const head = Buffer.alloc(4);
      head.writeUInt32BE(header.length);
      assert.throws(() => readAll([head, header]), { code: 'GP_PROTOCOL' }, sizes);
    }
  });
});
