import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipelineKinds } from '../../lib/capture/gstreamer/examine.ts';
import { checks } from '../../lib/cli/checks.ts';
import { type DoctorReport, examine } from '../../lib/cli/doctor.ts';
import { atLeast } from '../../lib/cli/versions.ts';
import { repositoryRoot } from '../kit/needs.ts';
import { tempDir } from '../kit/temp.ts';

const command = join(repositoryRoot, 'dist/lib/cli/goodpart.js');

function goodpart(...args: string[]) {
  return spawnSync(process.execPath, [command, ...args], { encoding: 'utf8' });
}

describe('goodpart doctor', () => {
  it('finds everything needed in this checkout, says so and ends with 0', () => {
    const { status, stdout, stderr } = goodpart('doctor', '--userDir', repositoryRoot);
    assert.equal(stderr, '');
    assert.match(stdout, /^ok +Node\.js +v\d+/m);
    assert.match(stdout, /^ok +Node-RED +\d+\.\d+\.\d+$/m);
    assert.match(stdout, /^ok +pictures \(sharp\) +[\d.]+, jpeg png tiff webp$/m);
    assert.match(stdout, /^ok +engine \(CPU\) +[\d.]+, cpu/m);
    assert.match(stdout, /Everything needed is here\.\n$/);
    assert.equal(status, 0);
  });

  it('says the same as one JSON object', () => {
    const { status, stdout } = goodpart('doctor', '--json', '-u', repositoryRoot);
    const report = JSON.parse(stdout) as DoctorReport;
    assert.equal(status, 0);
    assert.equal(report.ok, true);
    assert.deepEqual(
      report.checks.map(({ name }) => name),
      checks.map(({ name }) => name),
    );
  });

  it('says for each kind of camera which chain would run, or what it lacks', () => {
    const { checks: found } = JSON.parse(goodpart('doctor', '--json', '-u', repositoryRoot).stdout) as DoctorReport;
    const cameras = found.filter(({ name }) => pipelineKinds.some((kind) => name === `camera ${kind}`));
    assert.deepEqual(
      cameras.map(({ name }) => name),
      pipelineKinds.map((kind) => `camera ${kind}`),
    );
    for (const { name, state, found: what, advice } of cameras) {
      if (state === 'ok') assert.match(what, /^(Jetson hardware|CPU): .* ! fdsink$/, name);
      else assert.match(`${what} ${advice}`, /apt install|no GStreamer/, name);
    }
  });

  it('ends with 1 and says how to get what is missing', () => {
    const { status, stdout } = goodpart('doctor', '--userDir', '/nowhere/at/all');
    assert.equal(status, 1);
    assert.match(stdout, /^MISSING +user directory +does not exist\n +Start Node-RED once/m);
    assert.match(stdout, /Something is missing/);
  });

  it('refuses a Node-RED that is too old', async () => {
    const userDir = tempDir('doctor');
    const folder = join(userDir, 'node_modules/node-red');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"version":"3.1.15"}');
    const report = await examine(userDir);
    const found = report.checks.find(({ name }) => name === 'Node-RED');
    assert.deepEqual(found, {
      name: 'Node-RED',
      state: 'missing',
      found: '3.1.15',
      advice: '4.1.0 or newer is needed.',
    });
    assert.equal(report.ok, false);
  });

  it('tells its user of another version installed in the user directory', async () => {
    const userDir = tempDir('doctor');
    const folder = join(userDir, 'node_modules/@goodpart/node-red-inspection');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"version":"0.0.1"}');
    const { checks: results } = await examine(userDir);
    assert.match(
      results.find(({ name }) => name === 'Goodpart')?.found ?? '',
      /^0\.0\.1 in the user directory, this is /,
    );
  });
});

describe('the goodpart command', () => {
  it('lists its commands, and refuses one that it does not know', () => {
    assert.match(goodpart('--help').stdout, /^goodpart <command>[\s\S]*doctor/);
    assert.equal(goodpart('--help').status, 0);
    assert.equal(goodpart().status, 2);
    const { status, stderr } = goodpart('docter');
    assert.equal(status, 2);
    assert.match(
      stderr,
      /Expected one of learn, evaluate, inspect, import, export, frames, versions, shadow, promote, rollback, plc, tensorrt, doctor but received "docter"/,
    );
    assert.equal(goodpart('doctor', '--wrong').status, 2);
  });

  it('can be run by its name: it says who runs it', () => {
    assert.match(readFileSync(command, 'utf8'), /^#!\/usr\/bin\/env node\n/);
  });
});

describe('versions', () => {
  it('are compared by their numbers', () => {
    assert.ok(atLeast('v22.13.0', '22.13'));
    assert.ok(atLeast('v24.0.0', '22.13'));
    assert.ok(!atLeast('v22.9.1', '22.13'));
    assert.ok(!atLeast('v20.20.2', '22.13'));
    assert.ok(atLeast('5.0.0-beta.2', '4.1.0'));
  });
});
