import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Frame } from '../../lib/core/frame.ts';
import { LearningJob } from '../../lib/learning/learning-job.ts';
import { syntheticParts } from '../../lib/learning/synthetic-parts.ts';
import { OnnxRuntimeEngine } from '../../lib/scoring/engine.ts';
import { KServeEngine } from '../../lib/scoring/kserve/kserve-engine.ts';
import { addToTriton } from '../../lib/scoring/kserve/triton-repository.ts';
import { ModelStore } from '../../lib/scoring/model-store.ts';
import { Authority } from '../kit/certificates.ts';
import { hasCommand, needs, repositoryRoot, wants } from '../kit/needs.ts';
import { freePort } from '../kit/ports.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';

/**
 * Servers that we did not write are the judges, but no system packages (half a gigabyte each): a machine has them or not.
 * GOODPART_KSERVE_PYTHON: Pythons that have `kserve`, `mlserver` or `nvidia-pytriton`, and `onnxruntime`, separated by colons.
 */
const pythons = [...(process.env.GOODPART_KSERVE_PYTHON?.split(':') ?? []), 'python3'];

function pythonOf(module: string): string | undefined {
  const find = `import importlib.util as u, sys; sys.exit(not (u.find_spec("${module}") and u.find_spec("onnxruntime")))`;
  return pythons.find((python) => spawnSync(python, ['-c', find], { stdio: 'ignore' }).status === 0);
}

const soon = { deadlineMs: 20_000 };
const slow = { timeoutMs: 120_000 };
const scripts = join(repositoryRoot, 'test/scoring/kserve');

describe('Servers of the KServe v2 protocol that we did not write', function () {
  this.timeout(240_000);
  const running: ChildProcess[] = [];
  const engines: (KServeEngine | OnnxRuntimeEngine)[] = [];
  const frames: Frame[] = [...syntheticParts(8, 128, 96, 41), ...syntheticParts(4, 640, 480, 42)];
  let dir: string;
  let expected: { score: number; cells: Float32Array }[];

  const start = (command: string, args: string[], cwd = tempDir('server'), env = process.env) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'ignore', 'pipe'] });
    running.push(child);
    let words = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      words = (words + chunk.toString('utf8')).slice(-4_000);
    });
    return { child, words: () => words };
  };
  const ready = async (url: string, server: { child: ChildProcess; words: () => string }) => {
    await until(
      `the server at ${url}`,
      async () => {
        assert.equal(server.child.exitCode, null, server.words());
        return (await fetch(`${url}/v2/health/ready`).catch(() => undefined))?.status === 200;
      },
      { ...slow, everyMs: 200 },
    );
  };
  const startKServe = async (python: string, port: number) => {
    const server = start(python, [join(scripts, 'kserve_server.py'), String(port), 'ring', join(dir, 'model.onnx')]);
    await ready(`http://127.0.0.1:${port}`, server);
    return server.child;
  };
  const startTriton = (python: string, port: number, repository: string) => {
    const ask =
      'import importlib.util as u, os, sys, sysconfig; p = os.path.dirname(u.find_spec("pytriton").origin); ' +
      'print(p, os.path.dirname(p), sysconfig.get_config_var("LIBDIR"), "%d.%d" % sys.version_info[:2], sep="\\n")';
    const [own, site, lib, version] = spawnSync(python, ['-c', ask], { encoding: 'utf8' }).stdout.trim().split('\n');
    const backends = tempDir('backends');
    cpSync(join(own, 'tritonserver/backends/python'), join(backends, 'python'), { recursive: true });
    const stub = join('tritonserver/python_backend_stubs', version, 'triton_python_backend_stub');
    copyFileSync(join(own, stub), join(backends, 'python/triton_python_backend_stub'));
    const places = [`--model-repository=${repository}`, `--backend-directory=${backends}`, `--http-port=${port}`];
    const rest = ['--http-address=127.0.0.1', '--allow-grpc=false', '--allow-metrics=false'];
    const libraries = `${lib}:${join(site, 'nvidia_pytriton.libs')}`;
    const env = { ...process.env, SERVER_SITE_PACKAGES: site, LD_LIBRARY_PATH: libraries };
    return start(join(own, 'tritonserver/bin/tritonserver'), [...places, ...rest], tempDir('triton'), env);
  };
  const make = (urls: string) => {
    const engine = new KServeEngine({ name: 'test' }, { urls, timeoutMs: 5_000 });
    engines.push(engine);
    return engine;
  };
  /** Scores all frames; the largest differences to the CPU engine's scores and map cells. */
  const compared = async (engine: KServeEngine, what: string) => {
    const { key } = await engine.load(dir);
    const most = { score: 0, cell: 0 };
    const times: number[] = [];
    for (const [i, frame] of frames.entries()) {
      const { score, map, timings } = await engine.score(key, frame, soon);
      times.push(timings.run);
      most.score = Math.max(most.score, Math.abs(score - expected[i].score));
      const cells = map?.values() ?? new Float32Array();
      assert.equal(cells.length, expected[i].cells.length);
      cells.forEach((cell, at) => {
        most.cell = Math.max(most.cell, Math.abs(cell - expected[i].cells[at]));
      });
    }
    const highest = Math.max(...expected.map(({ score }) => score));
    console.log(
      `      ${what}: ${frames.length} frames, scores up to ${highest.toFixed(3)}; largest difference: score ${most.score}, ` +
        `map cell ${most.cell}; request ${Math.min(...times).toFixed(1)} ms at best`,
    );
    return most;
  };

  before(async () => {
    const good = syntheticParts(24, 128, 96, 1).map((frame) => ({ frame }));
    const quick = { features: 'bank', head: 'gaussian', sensitivity: false } as const;
    const root = join(tempDir('learned'), 'models');
    ({ dir } = await new LearningJob({
      images: good,
      modelsRoot: root,
      name: 'ring',
      keepAspect: true,
      ...quick,
    }).run());
    const cpu = new OnnxRuntimeEngine({ name: 'judge' });
    engines.push(cpu);
    const { key } = await cpu.load(dir);
    expected = [];
    for (const frame of frames) {
      const { score, map } = await cpu.score(key, frame, soon);
      expected.push({ score, cells: map?.values() ?? new Float32Array() });
    }
  });
  afterEach(async () => {
    await Promise.all(engines.splice(0).map((engine) => engine.stop()));
    for (const child of running.splice(0)) {
      child.kill('SIGKILL');
      await until('its end', () => child.exitCode !== null || child.signalCode !== null);
    }
  });

  it('the server of the package kserve takes binary tensors and gives the CPU engine’s scores', async function () {
    const python = pythonOf('kserve');
    wants(this, 'a Python with kserve and onnxruntime', python !== undefined);
    const port = await freePort();
    await startKServe(python ?? '', port);
    const engine = make(`http://127.0.0.1:${port}`);
    const most = await compared(engine, 'kserve');
    assert.equal((await engine.load(dir)).provider, `http://127.0.0.1:${port}`, 'binary');
    assert.ok(most.score <= 1e-4 && most.cell <= 1e-4);
    const other = new KServeEngine({ name: 'test' }, { urls: `http://127.0.0.1:${port}`, model: 'absent' });
    engines.push(other);
    await assert.rejects(other.load(dir), /does not have this model or version \(HTTP 404\)/);
  });

  it('such a server speaks TLS with a certificate of the named authority only', async function () {
    const python = pythonOf('kserve');
    wants(this, 'a Python with kserve and onnxruntime', python !== undefined);
    needs(this, 'openssl', hasCommand('openssl', ['version']));
    const authority = new Authority();
    const { key, cert } = authority.sign('IP:127.0.0.1');
    const folder = tempDir('tls');
    const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    writeFileSync(keyFile, key);
    writeFileSync(certFile, cert);
    const port = await freePort();
    const model = join(dir, 'model.onnx');
    const server = start(python ?? '', [
      join(scripts, 'kserve_server.py'),
      String(port),
      'ring',
      model,
      keyFile,
      certFile,
    ]);
    const urls = `https://127.0.0.1:${port}`;
    const load = (caFile: string) => {
      const engine = new KServeEngine({ name: 'test' }, { urls, caFile, token: 'a-token', timeoutMs: 5_000 });
      engines.push(engine);
      return engine.load(dir).then(({ key: loaded }) => engine.score(loaded, frames[0], soon));
    };
    const secure = await until(
      'the server',
      async () => {
        assert.equal(server.child.exitCode, null, server.words());
        return load(authority.file);
      },
      { ...slow, everyMs: 500 },
    );
    assert.ok(Math.abs(secure.score - expected[0].score) <= 1e-4);
    await assert.rejects(load(new Authority().file), /not from an authority that is accepted here/);
  });

  it('one of two such servers is killed in mid-request: no frame is lost, and it is used again when it is back', async function () {
    const python = pythonOf('kserve');
    wants(this, 'a Python with kserve and onnxruntime', python !== undefined);
    const ports = [await freePort(), await freePort()];
    const [first] = await Promise.all(ports.map((port) => startKServe(python ?? '', port)));
    const urls = ports.map((port) => `http://127.0.0.1:${port}`);
    const engine = make(urls.join(','));
    const { key } = await engine.load(dir);
    const used = new Set<string>();
    const lane = async (count: number) => {
      for (let i = 0; i < count; i++) {
        const { score, provider } = await engine.score(key, frames[i % frames.length], soon);
        assert.ok(Math.abs(score - expected[i % frames.length].score) <= 1e-4);
        used.add(provider);
      }
    };
    await until('both', () => lane(2).then(() => used.size === 2));
    const lanes = [lane(40), lane(40), lane(40)];
    await until('frames on their way', () => engine.stats().inFlight === 3);
    first.kill('SIGKILL');
    await Promise.all(lanes);
    await until('degraded', () => /^1 of 2/.test(engine.stats().degraded ?? ''));
    assert.equal(engine.stats().failed, 0);
    await startKServe(python ?? '', ports[0]);
    await until('both again', () => engine.stats().degraded === undefined, { timeoutMs: 30_000 });
    used.clear();
    await until('it is used', () => lane(2).then(() => used.size === 2));
  });

  it('MLServer, which reads no binary tensors over HTTP, gets JSON and gives the CPU engine’s scores', async function () {
    const python = pythonOf('mlserver');
    wants(this, 'a Python with mlserver and onnxruntime', python !== undefined);
    const [http, grpc, metrics] = [await freePort(), await freePort(), await freePort()];
    const folder = tempDir('mlserver');
    copyFileSync(join(scripts, 'mlserver_runtime.py'), join(folder, 'mlserver_runtime.py'));
    const write = (name: string, value: object) => writeFileSync(join(folder, name), JSON.stringify(value));
    const { input } = await new ModelStore(join(dir, '../..')).read('ring', '1');
    const { width, height, channels } = input;
    write('settings.json', {
      ...{ host: '127.0.0.1', http_port: http, grpc_port: grpc, metrics_port: metrics, parallel_workers: 0 },
    });
    write('model-settings.json', {
      name: 'ring',
      implementation: 'mlserver_runtime.Onnx',
      inputs: [{ name: 'image', datatype: 'UINT8', shape: [1, height, width, channels] }],
      parameters: { uri: join(dir, 'model.onnx') },
    });
    const server = start(python ?? '', ['-m', 'mlserver.cli.main', 'start', folder], folder);
    const url = `http://127.0.0.1:${http}`;
    await ready(url, server);
    const engine = make(url);
    const most = await compared(engine, 'MLServer');
    assert.equal((await engine.load(dir)).provider, `${url} (JSON)`);
    assert.ok(most.score <= 1e-4 && most.cell <= 1e-4);
  });

  it('Triton takes the exported configuration and gives the CPU engine’s scores, of the version that is asked for', async function () {
    const python = pythonOf('pytriton');
    wants(this, 'a Python with nvidia-pytriton and onnxruntime', python !== undefined);
    const repository = tempDir('repository');
    await addToTriton(repository, dir);
    await addToTriton(repository, dir, { version: '2' });
    const config = join(repository, 'ring/config.pbtxt');
    // the one thing that this Triton lacks is the ONNX Runtime backend
    writeFileSync(config, readFileSync(config, 'utf8').replace('"onnxruntime"', '"python"'));
    for (const version of ['1', '2']) {
      copyFileSync(join(scripts, 'triton_model.py'), join(repository, 'ring', version, 'model.py'));
    }
    const port = await freePort();
    const server = startTriton(python ?? '', port, repository);
    const url = `http://127.0.0.1:${port}`;
    await ready(url, server);
    const engine = new KServeEngine({ name: 'test' }, { urls: url, version: '{version}', timeoutMs: 5_000 });
    engines.push(engine);
    const most = await compared(engine, 'Triton');
    assert.equal((await engine.load(dir)).provider, url, 'binary');
    assert.ok(most.score <= 1e-4 && most.cell <= 1e-4);
    const absent = new KServeEngine({ name: 'test' }, { urls: url, version: '3' });
    engines.push(absent);
    await assert.rejects(absent.load(dir), /HTTP 404|HTTP 400/);
  });
});
