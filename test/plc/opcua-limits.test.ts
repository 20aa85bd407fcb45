import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { join } from 'node:path';
import { PlcLink } from '../../lib/plc/plc-link.ts';
import { freePort } from '../kit/ports.ts';
import { pythonWith } from '../kit/python.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';
import { AsyncuaPeer } from './asyncua-peer.ts';
import { makeResult, makeSnapshot } from './snapshots.ts';

const host = '127.0.0.1';
const sequence = 'st1.Result.Sequence';

describe('the OPC UA server’s limits', () => {
  const maxSessions = 50;
  const link = new PlcLink();
  let port = 0;
  let url = '';
  let timer: NodeJS.Timeout;
  let peer: AsyncuaPeer;
  let python = '';

  before(async function () {
    python = pythonWith(this, 'asyncua');
    port = await freePort();
    url = `opc.tcp://${host}:${port}`;
    timer = setInterval(() => link.alive(), 250);
    peer = new AsyncuaPeer(python);
    const pkiDir = join(tempDir('pki'), 'server');
    link.openOpcUa('small', { host, port, pkiDir, maxSessions, halfOpenMs: 1000 });
    link.attach('small', 'st1');
    link.publish(makeSnapshot(makeResult(41)));
    await until('it is open', () => link.endpointState('small')?.state === 'open', { timeoutMs: 40_000 });
  });
  after(async () => {
    clearInterval(timer);
    peer?.stop();
    await link.stop();
  });

  const clients = () => link.endpointState('small')?.clients;

  it('lets in as many clients as it says, refuses the next one with a reason and leaves the others alone', async () => {
    const many = new AsyncuaPeer(python);
    try {
      for (let n = 0; n < maxSessions; n++) await many.connect({ url, as: `c${n}` });
      await until('all are counted', () => clients() === maxSessions);
      await assert.rejects(peer.connect({ url }), /BadTooManySessions/);
      await assert.rejects(peer.connect({ url }), /BadTooManySessions/);
      for (const n of [0, 17, maxSessions - 1]) {
        assert.deepEqual(await many.read([sequence], `c${n}`), [[41, 'Good']]);
      }
      await many.disconnect('c3');
      await peer.connect({ url });
      assert.deepEqual(await peer.read([sequence]), [[41, 'Good']]);
    } finally {
      many.stop();
    }
    // killed clients asked for sessions of an hour
    await until('their places are free', () => clients() === 1);
    assert.deepEqual(await peer.read([sequence]), [[41, 'Good']]);
  });

  it('closes connections that say nothing or never open a session', async () => {
    const hello = Buffer.alloc(32);
    hello.write('HELF', 'latin1');
    hello.writeUInt32LE(32, 4);
    for (const at of [12, 16]) hello.writeUInt32LE(65_536, at);
    hello.writeInt32LE(-1, 28);
    const sockets = Array.from({ length: 20 }, (_, n) => {
      const socket = connect(port, host).on('error', () => {});
      socket.resume();
      if (n % 2 === 1) socket.write(hello);
      return socket;
    });
    await until('all are closed', () => sockets.every((socket) => socket.destroyed), { timeoutMs: 20_000 });
    assert.deepEqual(await peer.read([sequence]), [[41, 'Good']]);
  });

  it('goes on for others while a subscriber hangs, who hears the newest when it lives again', async () => {
    const slow = new AsyncuaPeer(python);
    try {
      await slow.connect({ url });
      await slow.subscribe(sequence);
      slow.signal('SIGSTOP');
      for (let n = 100; n < 1100; n++) link.publish(makeSnapshot(makeResult(n)));
      await until('the newest', async () => (await peer.read([sequence]))[0][0] === 1099);
      slow.signal('SIGCONT');
      await until('the newest there too', async () => (await slow.heard()).at(-1) === 1099);
    } finally {
      slow.stop();
    }
  });

  it('drops a client that asks and never reads', async () => {
    const pid = link.stats().pid;
    const flooding = new AsyncuaPeer(python);
    try {
      await flooding.connect({ url });
      await until('it is counted', () => clients() === 2);
      const asked = flooding.flood('st1.Image', 400);
      await until(
        'it is gone',
        async () => {
          await peer.read([sequence]);
          return clients() === 1;
        },
        { timeoutMs: 30_000 },
      );
      await asked;
    } finally {
      flooding.stop();
    }
    assert.equal(link.stats().pid, pid);
  });
});
