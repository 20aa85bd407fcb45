import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeModel } from '../../../lib/scoring/onnx-proto.ts';
import { hasCommand, wants } from '../../kit/needs.ts';
import { tempDir } from '../../kit/temp.ts';
import { meanModel } from '../tiny-models.ts';
import { addonSources, buildAddon, buildDouble, buildLife, canBuild } from './double.ts';

const sanitizers = ['-g', '-fsanitize=address,undefined', '-fno-sanitize=vptr', '-fno-omit-frame-pointer'];

describe("TensorRT addon's sources", () => {
  it('are under 600 lines: native code that can take a process down stays small enough to be read whole', () => {
    const files = readdirSync(addonSources).filter((file) => /\.(cc|h)$/.test(file));
    const lines = files.map((file) => readFileSync(join(addonSources, file), 'utf8').split('\n').length - 1);
    assert.ok(lines.length > 0 && lines.reduce((sum, count) => sum + count, 0) < 600, `${files}: ${lines}`);
  });
});

describe('TensorRT addon, with a double of the three libraries', function () {
  this.timeout(300_000);
  const folder = tempDir('tensorrt');
  const libraries = join(folder, 'double');
  const addon = join(folder, 'addon.node');
  const model = join(folder, 'model.onnx');

  before(function () {
    wants(this, "NVIDIA's public TensorRT headers (GOODPART_TENSORRT_HEADERS)", canBuild);
    mkdirSync(libraries);
    buildDouble(libraries, sanitizers);
    buildAddon(addon, sanitizers);
    writeFileSync(model, encodeModel(meanModel));
  });

  function node(args: string[], env: NodeJS.ProcessEnv) {
    return spawnSync(process.execPath, args, {
      encoding: 'utf8',
      env: {
        ...process.env,
        LD_PRELOAD: execFileSync('g++', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim(),
        LD_LIBRARY_PATH: libraries,
        // Node itself leaves memory behind at its end: what lives on is counted by the double
        ASAN_OPTIONS: 'detect_leaks=0',
        UBSAN_OPTIONS: 'halt_on_error=1',
        ...env,
      },
    });
  }

  function step(name: string, env: NodeJS.ProcessEnv = {}) {
    const report = join(folder, `living-${name}-${env.GOODPART_DOUBLE_INTEGRATED}`);
    const args = [join(__dirname, 'addon-steps.js'), addon, model, name];
    const { status, stdout, stderr, signal } = node(args, { GOODPART_DOUBLE_REPORT: report, ...env });
    assert.deepEqual([status, signal, stderr], [0, null, ''], `${name}: ${stdout}`);
    assert.match(stdout, /done\n$/);
    return () => readFileSync(report, 'utf8').trim().split('\n');
  }

  for (const name of ['life', 'precision', 'failures', 'together']) {
    it(`${name}: as the graph says, every failure typed, nothing left behind`, () => {
      for (const integrated of ['0', '1']) {
        const living = step(name, { GOODPART_DOUBLE_INTEGRATED: integrated })();
        const left = living.filter((line) => !line.endsWith(' 0'));
        assert.deepEqual(left, [], 'what lives on at the end');
      }
    });
  }

  it('survives the end of the process in the middle of everything', () => {
    step('exit');
  });

  it('survives the end of a thread in mid-run', () => {
    step('worker');
  });

  it('lives its life under AddressSanitizer, leaks included', () => {
    const life = join(folder, 'life-asan');
    buildLife(life, sanitizers);
    const { status, stdout, stderr } = spawnSync(life, [model], {
      encoding: 'utf8',
      env: { ...process.env, LD_LIBRARY_PATH: libraries },
    });
    assert.deepEqual([status, stderr], [0, ''], stdout);
  });

  it('lives its life under valgrind', function () {
    wants(this, 'valgrind', hasCommand('valgrind'));
    const plain = join(folder, 'plain');
    mkdirSync(plain);
    buildDouble(plain);
    buildLife(join(plain, 'life'));
    const options = ['-q', '--leak-check=full', '--errors-for-leak-kinds=definite,indirect', '--error-exitcode=99'];
    const { status, stdout, stderr } = spawnSync('valgrind', [...options, join(plain, 'life'), model], {
      encoding: 'utf8',
      env: { ...process.env, LD_LIBRARY_PATH: plain },
    });
    assert.deepEqual([status, stderr], [0, ''], stdout);
  });

  describe('without what it needs', () => {
    const script = 'require(process.argv[1]).examine().then(console.log, (e) => console.log(e.code, e.message))';
    const examined = (path: string, env: NodeJS.ProcessEnv = {}) =>
      node(['-e', script, addon], { LD_LIBRARY_PATH: path, ...env }).stdout;
    const only = (name: string, ...links: [string, string][]) => {
      const path = join(folder, name);
      mkdirSync(path);
      for (const [library, as] of links) symlinkSync(join(libraries, library), join(path, as));
      return path;
    };

    it('says which library is missing', () => {
      assert.match(examined('/nowhere'), /^GP_TENSORRT_MISSING libcuda\.so\.1: cannot open shared object file/);
      const cuda = only('cuda', ['libcuda.so.1', 'libcuda.so.1']);
      assert.match(examined(cuda), /^GP_TENSORRT_MISSING libnvinfer\.so\.10: cannot open/);
      const infer = only('infer', ['libcuda.so.1', 'libcuda.so.1'], ['libnvinfer.so.10', 'libnvinfer.so.10']);
      assert.match(examined(infer), /^GP_TENSORRT_MISSING libnvonnxparser\.so\.10: cannot open/);
    });

    it('tells TensorRT 11 and 8 apart', () => {
      for (const major of ['11', '8']) {
        const path = only(
          `major-${major}`,
          ['libcuda.so.1', 'libcuda.so.1'],
          ['libnvinfer.so.10', `libnvinfer.so.${major}`],
        );
        const expected = `GP_TENSORRT_MISSING Expected TensorRT 10 (JetPack 6.1 to 7.2) but found only TensorRT ${major}\n`;
        assert.equal(examined(path), expected);
      }
      const wrong = examined(libraries, { GOODPART_DOUBLE_VERSION: '110000' });
      assert.equal(wrong, 'GP_TENSORRT_MISSING Expected TensorRT 10 in libnvinfer.so.10 but it says 110000\n');
    });

    it('says that there is no GPU', () => {
      const found = examined(libraries, { GOODPART_DOUBLE_FAIL: 'gpu' });
      assert.equal(found, 'GP_TENSORRT_MISSING libcuda.so.1 is here but finds no GPU that it can use\n');
    });
  });
});
