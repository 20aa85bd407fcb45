// Runs inside a network namespace of its own, started by fake-gige.ts: cameras and fake cameras there, orders on stdin, answers on stdout.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Camera, discover } from '../../lib/capture/camera.ts';
import type { SourceSettingsInput } from '../../lib/capture/settings.ts';
import { systemClock } from '../../lib/core/clock.ts';
import { asGoodpartError } from '../../lib/core/errors.ts';
import type { Frame, FrameInfo } from '../../lib/core/frame.ts';
import type { CaptureResult } from './fake-gige.ts';
import { repositoryRoot } from './needs.ts';
import { until } from './until.ts';

const cameras = new Map<string, Camera>();
const lineFrames: FrameInfo[] = [];
const fakes = new Map<number, ChildProcess>();
/** 3956, the port of GigE Vision's control channel, as the kernel lists it. */
const controlPort = '0F74';

const bound = () => readFileSync('/proc/net/udp', 'utf8').includes(`:${controlPort} `);

function camera(name: string): Camera {
  const found = cameras.get(name);
  if (found === undefined) throw new Error(`no camera ${name}`);
  return found;
}

async function started(command: string[]): Promise<number | undefined> {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...command], { stdio: ['pipe', 'ignore', 'inherit'] });
  fakes.set(child.pid as number, child);
  await until('the fake camera', bound);
  return child.pid;
}

async function capture(name: string, timeoutMs: number): Promise<CaptureResult> {
  const after = systemClock.mono();
  const { info, data } = await camera(name).capture({ after, timeoutMs });
  const first = info.bitDepth === 16 ? data.readUInt16LE(0) : data[0];
  return { after, ms: systemClock.mono() - after, info, first };
}

const orders = {
  fake: async ({ serial, lostPerMille }: { serial: string; lostPerMille: number }) => {
    await until('the port to be free', () => !bound());
    return started(['arv-fake-gv-camera-0.8', '-i', '127.0.0.1', '-s', serial, '-r', String(lostPerMille)]);
  },
  lineCamera: async () => {
    await until('the port to be free', () => !bound());
    return started(['/usr/bin/python3', join(repositoryRoot, 'test/kit/line_camera.py')]);
  },
  /** To a line camera: `pulse`, `lose`, `keep`. */
  tell: async ({ pid, order }: { pid: number; order: string }) => {
    fakes.get(pid)?.stdin?.write(`${order}\n`);
  },
  /** What came from the line. */
  lineFrames: async () => lineFrames,
  signal: async ({ pid, signal }: { pid: number; signal: NodeJS.Signals }) => {
    const fake = fakes.get(pid);
    fake?.kill(signal);
    if (signal === 'SIGKILL')
      await until('the end of the fake camera', () => fake?.exitCode !== null || fake?.signalCode);
  },
  start: async ({ name, source }: { name: string; source: SourceSettingsInput }) => {
    const backoff = { minMs: 50, maxMs: 200, resetAfterMs: 5_000 };
    const made = new Camera({ name, source, child: { backoff } });
    cameras.set(name, made);
    made.on('frame', ({ info }: Frame, cause: string) => {
      if (cause === 'line') lineFrames.push(info);
    });
    await made.start();
  },
  capture: ({ name, timeoutMs }: { name: string; timeoutMs: number }) => capture(name, timeoutMs),
  captures: async ({ name, count }: { name: string; count: number }) => {
    const results: CaptureResult[] = [];
    for (let i = 0; i < count; i++) results.push(await capture(name, 5_000));
    return results;
  },
  status: ({ name }: { name: string }) => camera(name).status(),
  counters: ({ name }: { name: string }) => camera(name).counters(),
  describe: ({ name }: { name: string }) => camera(name).describe(),
  childPid: ({ name }: { name: string }) => camera(name).childStats().pid,
  stop: async ({ name }: { name: string }) => {
    const began = systemClock.mono();
    await cameras.get(name)?.stop();
    cameras.delete(name);
    return systemClock.mono() - began;
  },
  discover: () => discover('genicam'),
};

export type Orders = typeof orders;

async function obey(line: string): Promise<void> {
  const { id, order, body } = JSON.parse(line) as { id: number; order: keyof Orders; body: never };
  try {
    const value = (await orders[order](body)) ?? null;
    process.stdout.write(`${JSON.stringify({ id, value })}\n`);
  } catch (thrown) {
    process.stdout.write(`${JSON.stringify({ id, error: asGoodpartError(thrown).toJSON() })}\n`);
  }
}

if (require.main === module) {
  spawnSync('ip', ['link', 'set', 'lo', 'up'], { stdio: 'inherit' });
  createInterface({ input: process.stdin })
    .on('line', (line) => {
      obey(line).catch((thrown: unknown) => console.error(thrown));
    })
    .on('close', () => {
      for (const fake of fakes.values()) fake.kill('SIGKILL');
      Promise.all([...cameras.values()].map((one) => one.stop())).then(
        () => process.exit(0),
        () => process.exit(1),
      );
    });
}
