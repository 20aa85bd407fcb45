import { join } from 'node:path';
import { systemClock } from '../core/clock.ts';
import { SupervisedChild } from './supervised-child.ts';

function percentile(sorted: number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

async function roundTrips(
  child: SupervisedChild,
  bytes: number,
  count: number,
  what: 'echo' | 'count' = 'echo',
): Promise<{ p50Ms: number; p99Ms: number }> {
  const payload = Buffer.alloc(bytes);
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const began = systemClock.mono();
    await child.request(what, i, [payload]);
    times.push(systemClock.mono() - began);
  }
  times.sort((a, b) => a - b);
  return { p50Ms: percentile(times, 0.5), p99Ms: percentile(times, 0.99) };
}

/** As frames go to an engine: one way, through the socket and through shared memory, one after the other. */
async function oneWay(bytes: number, count: number): Promise<Record<string, unknown>> {
  const module = join(__dirname, 'echo-child.js');
  const socket = new SupervisedChild({ name: 'bench', module });
  const shared = new SupervisedChild({ name: 'bench', module, sharedSlots: 1 });
  const children = { socket, shared };
  await Promise.all([socket.start(), shared.start()]);
  try {
    const measured: Record<string, unknown> = {};
    for (const [name, child] of Object.entries(children)) {
      await roundTrips(child, bytes, 50, 'count');
      measured[name] = await roundTrips(child, bytes, count, 'count');
    }
    return measured;
  } finally {
    await Promise.all([socket.stop(), shared.stop()]);
  }
}

/** Milliseconds for one message there and back (the bytes travel both ways), and from a kill to the next running child. */
export async function bench(): Promise<Record<string, unknown>> {
  const backoff = { minMs: 1, maxMs: 1, resetAfterMs: 1 };
  const child = new SupervisedChild({ name: 'bench', module: join(__dirname, 'echo-child.js'), backoff });
  await child.start();
  try {
    await roundTrips(child, 0, 200);
    const empty = await roundTrips(child, 0, 1_000);
    const jpeg = await roundTrips(child, 300_000, 300);
    const raw = await roundTrips(child, 6_220_800, 60);
    const running = new Promise<void>((resolve) => {
      child.on('state', (state) => {
        if (state === 'running') resolve();
      });
    });
    const killed = systemClock.mono();
    child.kill(new Error('bench'));
    await running;
    const restartMs = systemClock.mono() - killed;
    const there = { jpeg300kB: await oneWay(300_000, 300), raw1080p: await oneWay(6_220_800, 60) };
    return { empty, jpeg300kB: jpeg, raw1080p: raw, oneWay: there, restartMs };
  } finally {
    await child.stop();
  }
}
