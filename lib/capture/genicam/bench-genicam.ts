import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { systemClock } from '../../core/clock.ts';
import { Camera } from '../camera.ts';

const triggers = 300;
const fakeCamera = 'arv-fake-gv-camera-0.8';

interface TriggerBench {
  /** Triggers answered by the one exposure that followed them, by frame number and pixels. */
  bound: number;
  triggers: number;
  captureMs: { p50: number; p99: number; max: number };
  lost: number;
}

/**
 * Software triggers of the fake GigE Vision camera, in a network namespace of their own: from the trigger to the frame in
 * the parent. The fake camera looks for triggers every 40 ms; what is above that is ours.
 */
export async function benchGenicam(): Promise<TriggerBench | { skipped: string }> {
  const asRoot = process.getuid?.() === 0;
  const namespace = ['--net', ...(asRoot ? [] : ['--map-root-user'])];
  if (spawnSync(fakeCamera, ['--help'], { stdio: 'ignore' }).error) return { skipped: `no ${fakeCamera}` };
  if (spawnSync('unshare', [...namespace, 'ip', 'link'], { stdio: 'ignore' }).status !== 0) {
    return { skipped: 'no right to make a network namespace, or no iproute2' };
  }
  const { stdout } = await promisify(execFile)('unshare', [...namespace, process.execPath, __filename]);
  return JSON.parse(stdout) as TriggerBench;
}

async function inNamespace(): Promise<TriggerBench> {
  spawnSync('ip', ['link', 'set', 'lo', 'up']);
  const fake = spawn(fakeCamera, ['-i', '127.0.0.1'], { stdio: 'ignore' });
  // 10 000 us and gain 0: the first pixel is the frame number modulo 255
  const exposure = { mode: 'set', timeUs: 10_000, gain: 0 } as const;
  const camera = new Camera({ name: 'bench', source: { kind: 'genicam', camera: '127.0.0.1', exposure } });
  try {
    while (!camera.status().connected) await camera.start().catch(() => new Promise((again) => setTimeout(again, 300)));
    const times: number[] = [];
    let bound = 0;
    let last: number | undefined;
    for (let i = 0; i < triggers; i++) {
      const after = systemClock.mono();
      const { info, data } = await camera.capture({ after, timeoutMs: 5_000 });
      times.push(systemClock.mono() - after);
      const id = Number(info.settings.frameId);
      // 16 bits, of which 0 is left out
      const follows = last === undefined || id === (last % 65_535) + 1;
      if (follows && data[0] === id % 255 && info.exposedAt >= after && info.number === i + 1) bound += 1;
      last = id;
    }
    times.sort((a, b) => a - b);
    const at = (share: number) => Math.round(times[Math.ceil(share * times.length) - 1] * 10) / 10;
    const captureMs = { p50: at(0.5), p99: at(0.99), max: at(1) };
    return { bound, triggers, captureMs, lost: camera.counters().lost };
  } finally {
    await camera.stop();
    fake.kill('SIGKILL');
    await once(fake, 'exit');
  }
}

if (require.main === module) {
  inNamespace().then(
    (result) => process.stdout.write(JSON.stringify(result)),
    (thrown: unknown) => {
      process.stderr.write(`${String(thrown)}\n`);
      process.exit(1);
    },
  );
}
