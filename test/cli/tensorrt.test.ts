import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot, wants } from '../kit/needs.ts';
import { tempDir } from '../kit/temp.ts';
import { canBuild, headers } from '../scoring/tensorrt/double.ts';

const command = join(repositoryRoot, 'dist/lib/cli/goodpart.js');

function tensorrt(args: string[], env: NodeJS.ProcessEnv = {}) {
  return spawnSync(process.execPath, [command, 'tensorrt', ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
}

describe('goodpart tensorrt build', function () {
  this.timeout(120_000);
  const userDir = tempDir('cli-tensorrt');

  /** Headers of another version, of which nothing is read but that. */
  function headersOf(major: number, name = 'NV_TENSORRT_MAJOR'): string {
    const folder = join(userDir, `headers-${major}-${name}`);
    mkdirSync(folder, { recursive: true });
    for (const file of ['NvInfer.h', 'NvOnnxParser.h']) writeFileSync(join(folder, file), '');
    writeFileSync(join(folder, 'NvInferVersion.h'), `#define ${name} ${major} //!< TensorRT major version.\n`);
    return folder;
  }

  it('says all that is missing at once, and how to get it', () => {
    const { status, stdout } = tensorrt(['build', '-u', userDir, '--headers', headersOf(11), '--json'], {
      PATH: '/nowhere',
      CXX: '',
    });
    assert.equal(status, 1);
    const { ok, lacks } = JSON.parse(stdout) as { ok: boolean; lacks: { what: string; advice: string }[] };
    assert.equal(ok, false);
    assert.match(lacks[0].what, /a C\+\+ compiler/);
    assert.equal(lacks[0].advice, 'sudo apt install g++');
    assert.match(lacks[1].what, /TensorRT 10's headers: those in .* are of TensorRT 11/);
    assert.equal(existsSync(join(userDir, 'goodpart')), false, 'nothing is written');
  });

  it('names the compiler’s first error where it does not compile, and leaves nothing behind', () => {
    const { status, stderr } = tensorrt(['build', '-u', userDir, '--headers', headersOf(10, 'TRT_MAJOR_ENTERPRISE')], {
      CXX: process.execPath,
    });
    assert.equal(status, 3);
    assert.match(stderr, /^goodpart tensorrt: .+ could not compile the addon: /);
    assert.deepEqual(readdirSync(join(userDir, 'goodpart/tensorrt')), []);
  });

  it('refuses other words', () => {
    const { status, stderr } = tensorrt(['remove']);
    assert.equal(status, 2);
    assert.match(stderr, /Expected build behind goodpart tensorrt but received "remove"/);
  });

  it('compiles the addon that is shipped, removes former ones and says what this machine lacks to run it', function () {
    wants(this, "NVIDIA's public TensorRT headers (GOODPART_TENSORRT_HEADERS)", canBuild);
    const folder = join(userDir, 'goodpart/tensorrt');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'addon-000000000000.node'), 'of another version');
    const { status, stdout } = tensorrt(['build', '-u', userDir, '--headers', headers], { LD_LIBRARY_PATH: '' });
    assert.match(stdout, /^built +.*addon-[0-9a-f]{12}\.node\n(missing +lib(cuda|nvinfer)|found +TensorRT 10\.)/);
    assert.equal(status, /^found/m.test(stdout) ? 0 : 1);
    assert.equal(readdirSync(folder).length, 1);
  });
});
