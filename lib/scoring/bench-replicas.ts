import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { residentMb } from '../process/memory.ts';
import { rounded, spread } from './bench-figures.ts';
import { flood, perSecond } from './bench-flood.ts';
import { jpegPictures } from './bench-frames.ts';
import { benchModel } from './bench-model.ts';
import { KServeEngine } from './kserve/kserve-engine.ts';
import { ModelStore } from './model-store.ts';

/**
 * One KServe engine, 1 to 4 replicas: inspections a second from 640x480 JPEG, latency, and the engine child's memory. The replicas are stand-ins
 * (bench-replica.ts) that take `computeMs` for a frame without using the processor; two frames for each are in flight.
 */
export async function replicaTable({
  counts = [1, 2, 3, 4],
  computeMs = 25,
  ms = 4000,
} = {}): Promise<Record<string, unknown>> {
  const folder = await mkdtemp(join(tmpdir(), 'goodpart-replicas-'));
  try {
    const { description, onnx } = benchModel(64);
    const dir = await new ModelStore(folder).add(description, onnx);
    const pictures = await jpegPictures(640, 480, 3);
    const rows: Record<string, unknown>[] = [];
    for (const replicas of counts)
      rows.push({ replicas, ...(await withReplicas(replicas, dir, computeMs, pictures, ms)) });
    return { servers: `stand-ins of ${computeMs} ms a frame, written here`, frame: '640x480 JPEG', rows };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function withReplicas(
  count: number,
  dir: string,
  computeMs: number,
  pictures: Awaited<ReturnType<typeof jpegPictures>>,
  ms: number,
): Promise<Record<string, unknown>> {
  const servers: ChildProcess[] = [];
  let engine: KServeEngine | undefined;
  try {
    const ports: string[] = [];
    for (let i = 0; i < count; i++) {
      const server = spawn(process.execPath, [join(__dirname, 'bench-replica.js'), dir, String(computeMs)], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      servers.push(server);
      const [port] = await once(createInterface({ input: server.stdout }), 'line');
      ports.push(port);
    }
    const inFlight = 2 * count;
    const urls = ports.map((port) => `http://127.0.0.1:${port}`).join(',');
    engine = new KServeEngine({ name: 'bench', maxInFlight: inFlight }, { urls, timeoutMs: 5000 });
    const { key } = await engine.load(dir);
    await flood(engine, key, pictures, ms / 4, inFlight);
    const answered = await flood(engine, key, pictures, ms, inFlight);
    const { pid, degraded } = engine.stats();
    const rate = perSecond(answered);
    return {
      perSecond: rounded(rate),
      shareOfServers: rounded((rate * computeMs) / 1000 / count),
      latencyMs: spread(answered.map(({ timings }) => timings.total)),
      engineChildMb: rounded(residentMb(pid ?? 0)),
      ...(degraded && { degraded }),
    };
  } finally {
    await engine?.stop();
    for (const server of servers) server.kill('SIGKILL');
  }
}
