import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { fstatSync, readdirSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { type Message, MessageReader, type Slots, writeMessage } from '../../lib/process/framing.ts';
import { SharedSlots, SlotReader } from '../../lib/process/shared-slots.ts';
import { until } from '../kit/until.ts';
import { bear, buryAll } from './family.ts';

const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const inMemory = () => readdirSync('/dev/shm').filter((name) => name.startsWith('goodpart-'));
const descriptors = () => readdirSync('/proc/self/fd').length;
const megabyte = 2 ** 20;

function opened(count: number): SharedSlots {
  const slots = SharedSlots.open(count);
  if (slots === null) throw new Error('this machine has no tmpfs at /dev/shm');
  return slots;
}

describe('memory shared with a child', () => {
  afterEach(buryAll);

  it('carries a picture: what goes through the socket only says where it lies', () => {
    const slots = opened(2);
    const message: Message = { id: 7, kind: 'request', type: 'score', body: { a: 1 }, payloads: [] };
    const picture = randomBytes(300_000);
    message.payloads = [Buffer.from('small'), picture, Buffer.alloc(0)];
    const lent = slots.lend(7, message.payloads);
    assert.deepEqual(lent, [null, 0, null]);
    const stream = new PassThrough();
    writeMessage(stream, message, lent);
    const bytes: Buffer = stream.read();
    assert.ok(bytes.length < 300, `${bytes.length} bytes`);
    const reader = new SlotReader(slots.fd);
    const read: Message[] = [];
    new MessageReader(
      (one) => read.push(one),
      (slot, size) => reader.read(slot, size),
    ).push(bytes);
    assert.equal(read.length, 1);
    const { payloads, ...rest } = read[0];
    assert.deepEqual(rest, { id: 7, kind: 'request', type: 'score', body: { a: 1 } });
    assert.deepEqual(payloads.map(digest), message.payloads.map(digest));
    slots.close();
  });

  it('lends no slot twice before it is given back, and sends what finds none as before', () => {
    const slots = opened(2);
    const picture = randomBytes(40_000);
    const both: Slots = slots.lend(1, [picture, picture]);
    assert.deepEqual([...both].sort(), [0, 1]);
    assert.deepEqual(slots.lend(2, [picture]), [null]);
    slots.takeBack(2);
    assert.deepEqual(slots.lend(3, [picture]), [null]);
    slots.takeBack(1);
    assert.notDeepEqual(slots.lend(4, [picture]), [null]);
    slots.close();
  });

  it('keeps no more than 64 MB for pictures to come', () => {
    const slots = opened(2);
    const held = () => fstatSync(slots.fd).blocks * 512;
    slots.lend(1, [Buffer.alloc(30 * megabyte)]);
    slots.takeBack(1);
    assert.ok(held() >= 30 * megabyte);
    slots.lend(2, [Buffer.alloc(50 * megabyte), Buffer.alloc(20 * megabyte)]);
    slots.takeBack(2);
    assert.equal(held(), 0);
    slots.close();
  });

  it('leaves each request its own bytes: many at once, late answers, more than there are slots', async () => {
    const child = bear('', { sharedSlots: 3 });
    await child.start();
    const requests = Array.from({ length: 40 }, async (_, i) => {
      const payloads = [randomBytes(20_000 + 7_000 * (i % 9))];
      // every fourth is given up long before the child has looked at its bytes
      if (i % 4 === 0) {
        const late = child.request('digest', 60, payloads, { deadlineMs: 5, keepOnDeadline: true });
        await assert.rejects(late, { code: 'GP_CHILD_DEADLINE' });
        return;
      }
      const { body } = await child.request('digest', i % 7, payloads);
      assert.deepEqual(body, payloads.map(digest), `request ${i}`);
    });
    await Promise.all(requests);
    const echoed = randomBytes(100_000);
    assert.equal(digest((await child.request('echo', 0, [echoed])).payloads[0]), digest(echoed));
  });

  it('leaves nothing behind when the child is killed in mid-request, however often', async () => {
    const child = bear('', { sharedSlots: 2 });
    await child.start();
    await child.request('digest', 0, [Buffer.alloc(100_000)]);
    const before = descriptors();
    for (let failures = 1; failures <= 3; failures++) {
      const lost = child.request('never', 0, [Buffer.alloc(100_000, failures)]);
      child.kill(new Error('the test'));
      await assert.rejects(lost, { code: 'GP_CHILD_EXITED' });
      await until('it runs again', () => child.state === 'running' && child.stats().failures === failures);
      const payload = randomBytes(100_000);
      assert.deepEqual((await child.request('digest', 0, [payload])).body, [digest(payload)]);
    }
    // tests beside this one open and unlink such files too
    await until('nothing is left', () => descriptors() === before && inMemory().length === 0);
  });

  it('is not believed from a child: a message that refers to slots ends it', async () => {
    const child = bear('', { sharedSlots: 1 });
    await child.start();
    await assert.rejects(child.request('garbage', 'slots'), { code: 'GP_CHILD_EXITED' });
    assert.match(child.stats().lastError ?? '', /slots that are not there/);
  });
});
