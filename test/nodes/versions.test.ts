import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { VersionList } from '../../lib/station/version-list.ts';
import { command } from '../cli/kit.ts';
import { saveTestRecipe, writeTestModel } from '../kit/models.ts';
import { NodeRed } from '../kit/node-red.ts';
import { userDirWithCheckout } from '../kit/packed.ts';
import { ModbusPlc } from '../kit/plc-modbus.ts';
import { freePort } from '../kit/ports.ts';
import { prepareStation, triggeredFlow } from '../kit/prepared-station.ts';
import { until } from '../kit/until.ts';

const { hashSync } = require('bcryptjs') as { hashSync(password: string, rounds: number): string };

interface Ran {
  status: number;
  stdout: string;
  stderr: string;
}

/** The command as a shell would run it, while Node-RED answers in its own process. */
async function goodpart(args: string[], env: Record<string, string> = {}): Promise<Ran> {
  try {
    const ran = await promisify(execFile)(process.execPath, [command, ...args], { env: { ...process.env, ...env } });
    return { status: 0, ...ran };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { status: code, stdout, stderr };
  }
}

describe('versions of a station that runs', () => {
  const password = hashSync('secret', 4);
  const user = (username: string, permissions: string) => ({ username, password, permissions });
  let red: NodeRed;
  let plc: ModbusPlc;
  let token = '';

  const at = (...more: string[]) => ['--url', red.url, '--station', 'line1/station1', ...more];
  const ask = (...args: string[]) => goodpart([args[0], ...at(...args.slice(1))], { GOODPART_TOKEN: token });
  const versions = () => red.json<VersionList>('goodpart/stations/line1/station1/versions');

  before(async () => {
    const port = await freePort();
    const userDir = userDirWithCheckout();
    await prepareStation(userDir, undefined, async (station, models) => {
      const other = await writeTestModel(models, { name: 'other' });
      await saveTestRecipe(station, other, { limits: { median: 10, warn: 20, fail: 30 } });
      await saveTestRecipe(station, await writeTestModel(models, { version: '2' }), { number: 2 });
    });
    const adminAuth = { type: 'credentials', users: [user('admin', '*'), user('guest', 'read')] };
    red = await new NodeRed({ userDir, adminAuth }).start();
    await red.signIn('admin', 'secret');
    token = red.token ?? '';
    // one recipe kept loaded: what is selected has to be loaded first
    const flow = triggeredFlow(port).map((one) => (one.id === 'the-model' ? { ...one, keepLoaded: 1 } : one));
    await red.deploy(flow);
    plc = new ModbusPlc(port);
    await plc.connect();
    await until('ready', async () => (await plc.one(2)) & 1);
  });

  after(async () => {
    plc?.client.close();
    await red?.stop();
  });

  it('a PLC that selects a recipe sees the command running, then done, and Ready all the while', async () => {
    const seen: string[] = [];
    await plc.client.write(203, [3, 2]);
    await until(
      'done',
      async () => {
        const words = await plc.client.read(0, 12);
        const [status, active, ack, outcome] = [words[2], words[9], words[10], words[11]];
        if (ack !== 3) return false;
        assert.equal(status & 1, 1, 'Ready');
        const line = `${outcome} under recipe ${active}`;
        if (seen.at(-1) !== line) seen.push(line);
        return outcome !== 1;
      },
      { everyMs: 2 },
    );
    assert.deepEqual(seen, ['1 under recipe 1', '2 under recipe 2']);
    await plc.client.write(203, [0]);
    await until('idle', async () => (await plc.one(10)) === 0);
    assert.equal(await plc.command(3, 77), 3, 'a recipe that is not there is refused');
    const [recipe] = (await plc.inspect(1)).slice(33, 34);
    assert.equal(recipe, 2);
    // back to the version that was live, not to the newer one that waits
    await plc.client.write(203, [3, 1]);
    await until('back', async () => (await plc.one(11)) === 2);
    await plc.client.write(203, [0]);
    assert.deepEqual((await versions()).live, { number: 1, version: 1 });
  });

  it('need the right to change them, and the right to read them', async () => {
    const none = await goodpart(['shadow', ...at()]);
    assert.deepEqual([none.status, /asks for a token/.test(none.stderr)], [3, true]);
    const read = await fetch(`${red.url}/goodpart/stations/line1/station1/versions`);
    assert.equal(read.status, 401);
    await red.signIn('guest', 'secret', 'read');
    const guest = red.token ?? '';
    assert.equal((await versions()).live?.version, 1);
    red.token = token;
    const reading = await goodpart(['promote', ...at('--token', guest)]);
    assert.equal(reading.status, 3, reading.stdout);
    assert.ok(guest !== '' && !(reading.stderr + reading.stdout).includes(guest));
  });

  it('go into shadow, live and back by the command, which says exactly what it did', async () => {
    const none = await ask('promote');
    assert.deepEqual([none.status, none.stdout.trim()], [1, 'No version runs in shadow: choose one first']);
    const shadow = await ask('shadow', '--version', '2', '--by', 'anna', '--why', 'stricter');
    assert.match(
      shadow.stdout,
      /^Recipe 1 version 2 runs in shadow beside version 1: 0 pictures compared/,
      shadow.stderr,
    );
    await plc.inspect(100);
    const compared = await until('a comparison', async () => {
      const list = await versions();
      return (list.shadow?.summary.compared ?? 0) > 0 ? list : null;
    });
    assert.equal(compared.shadow?.by, 'anna');
    const overview = await red.json<{ stations: { shadow: { version: string; text: string } }[] }>(
      'goodpart/overview.json',
    );
    assert.match(overview.stations[0].shadow.text, /^\d+ pictures? compared/);

    const promoted = await ask('promote', '--by', 'ben', '--json');
    const answer = JSON.parse(promoted.stdout) as VersionList & { ok: boolean; text: string };
    assert.match(answer.text, /^Recipe 1 version 2 is live instead of version 1\. In shadow: \d+ pictures? compared/);
    assert.deepEqual([answer.ok, answer.live, answer.shadow], [true, { number: 1, version: 2 }, null]);
    const back = await ask('rollback', '--by', 'ben', '--why', 'too strict');
    assert.match(back.stdout, /^Recipe 1 version 1 is live instead of version 2; no earlier one is known/);
    const [{ by, why }] = (await versions()).activations;
    assert.deepEqual([by, why], ['ben', 'rollback: too strict']);
    const again = await ask('rollback');
    assert.deepEqual([again.status, /before version 1/.test(again.stdout)], [1, true]);
  });

  it('are there with their history after Node-RED was killed, and `goodpart versions` reads them meanwhile', async () => {
    await ask('shadow', '--version', '2', '--by', 'anna');
    const before = await versions();
    const bootId = await plc.one(1);
    await red.kill();
    await red.start();
    await plc.reconnect(bootId);
    await red.signIn('admin', 'secret');
    const { shadow, activations } = await versions();
    assert.deepEqual([shadow?.version, shadow?.since, activations], [2, before.shadow?.since, before.activations]);

    const listed = await goodpart(['versions', '--user-dir', red.userDir, '--json']);
    interface Listed {
      models: { name: string; version: string; usedBy: { recipe: number; version: number; state: string }[] }[];
      stations: VersionList[];
    }
    const { models, stations } = JSON.parse(listed.stdout) as Listed;
    const uses = models.map(({ name, version, usedBy }) => [
      `${name} ${version}`,
      ...usedBy.map((use) => `${use.recipe}.${use.version} ${use.state}`),
    ]);
    assert.deepEqual(uses, [
      ['brightness 1', '1.1 live'],
      ['brightness 2', '2.1 former'],
      ['other 1', '1.2 shadow'],
    ]);
    assert.deepEqual(stations[0].live, { number: 1, version: 1 });
    const text = (await goodpart(['versions', '--user-dir', red.userDir, '--model', 'other'])).stdout;
    assert.match(
      text,
      /^other version 1\n {2}goodpart test\n {2}line1\/station1, view main: recipe 1 version 2, shadow$/m,
    );
    assert.match(text, /^ {2}in shadow: version 2 beside 1: 0 pictures compared$/m);
  });

  it('are asked for in one sentence each where the command is wrong', async () => {
    const wrong: [string[], number, RegExp][] = [
      [['rollback', '--station', 'a/b'], 2, /Expected http:\/\/HOST:PORT for --url but received nothing/],
      [['rollback', '--url', 'ftp://x', '--station', 'a/b'], 2, /for --url but received "ftp:/],
      [['rollback', '--url', red.url, '--station', 'a'], 2, /LINE\/STATION for --station but received "a"/],
      [['promote', '--url', red.url, '--station', 'a/b', '--token', token], 3, /deployed flow has but received a\/b/],
      [['shadow', '--url', 'http://127.0.0.1:1', '--station', 'a/b'], 3, /No answer from http:\/\/127.0.0.1:1/],
      [
        ['rollback', ...at('--recipe', '2', '--token', token)],
        3,
        /Expected 1, which is live for recipe but received 2/,
      ],
    ];
    const ran = await Promise.all(wrong.map(([args]) => goodpart(args)));
    wrong.forEach(([args, status, text], n) => {
      assert.match(ran[n].stderr, text, args.join(' '));
      assert.equal(ran[n].status, status, args.join(' '));
    });
    const empty = join(red.userDir, 'empty');
    mkdirSync(join(empty, 'goodpart/stations/l/s'), { recursive: true });
    writeFileSync(join(empty, 'goodpart/stations/l/s/state.json'), '{');
    const damaged = await goodpart(['versions', '--user-dir', empty]);
    assert.match(damaged.stdout, /No model was learned or imported yet[\s\S]*Damaged: l\/s: .*state\.json/);
  });
});
