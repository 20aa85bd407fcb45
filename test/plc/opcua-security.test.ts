import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { PlcCommand } from '../../lib/core/commands.ts';
import { distrustCertificate, readPki, trustCertificate } from '../../lib/plc/pki-folder.ts';
import { PlcLink } from '../../lib/plc/plc-link.ts';
import { freePort } from '../kit/ports.ts';
import { pythonWith } from '../kit/python.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';
import { AsyncuaPeer, type Login, type Policy } from './asyncua-peer.ts';
import { makeResult, makeSnapshot } from './snapshots.ts';

const host = '127.0.0.1';
const uri = 'urn:peer:client';
const policies: Policy[] = ['Basic256Sha256', 'Aes128Sha256RsaOaep', 'Aes256Sha256RsaPss'];
const anything = /./;

describe('the OPC UA server’s doors', () => {
  const link = new PlcLink();
  const folder = tempDir('pki');
  const pkiDir = join(folder, 'server');
  const mine = join(folder, 'mine');
  let peer: AsyncuaPeer;
  let python = '';
  let url = '';
  let closedUrl = '';
  let timer: NodeJS.Timeout;
  let thumbprint = '';

  before(async function () {
    python = pythonWith(this, 'asyncua');
    const [port, closedPort] = [await freePort(), await freePort()];
    url = `opc.tcp://${host}:${port}`;
    closedUrl = `opc.tcp://${host}:${closedPort}`;
    timer = setInterval(() => link.alive(), 250);
    peer = new AsyncuaPeer(python);
    const users = [
      { name: 'plc', password: 'secret', role: 'operator' as const },
      { name: 'hmi', password: 'looks', role: 'observer' as const },
    ];
    link.openOpcUa('open', { host, port, pkiDir, users });
    link.openOpcUa('closed', { host, port: closedPort, pkiDir, allowAnonymous: false, allowNone: false, users });
    for (const key of ['open', 'closed']) link.attach(key, 'st1');
    link.publish(makeSnapshot(makeResult(41)));
    thumbprint = await peer.certificate({ file: mine, uri });
    for (const key of ['open', 'closed']) {
      await until(`${key} is open`, () => link.endpointState(key)?.state === 'open', { timeoutMs: 40_000 });
    }
  });
  after(async () => {
    clearInterval(timer);
    peer?.stop();
    await link.stop();
  });

  const login = (more: Partial<Login> = {}): Login => ({ url, policy: policies[0], cert: mine, uri, ...more });
  const operator = { user: 'plc', password: 'secret' };
  const observer = { user: 'hmi', password: 'looks' };
  const trigger = (id: number): [string, string, number] => ['st1.Command.TriggerId', 'UInt16', id];
  const connected = async (how: Login, work: () => Promise<void>) => {
    await peer.connect(how);
    try {
      await work();
    } finally {
      await peer.disconnect();
    }
  };

  it('names its policies and modes, and who it is', async () => {
    const found = await peer.endpoints(url);
    const secure = ['Aes128_Sha256_RsaOaep', 'Aes256_Sha256_RsaPss', 'Basic256Sha256'].flatMap((policy) => [
      `${policy} Sign`,
      `${policy} SignAndEncrypt`,
    ]);
    assert.deepEqual([...new Set(found.map(([policy, mode]) => `${policy} ${mode}`))].sort(), [
      ...secure,
      'None None_',
    ]);
    const { own } = await readPki(pkiDir);
    assert.match(own?.uri ?? '', /^urn:.+:goodpart$/);
    assert.deepEqual([...new Set(found.map(([, , name]) => name))], [own?.uri]);
  });

  it('lists a certificate that nobody trusted, and lets it in at its next attempt when it is trusted', async () => {
    await assert.rejects(peer.connect(login()));
    const refused = await until('it is listed', async () => (await readPki(pkiDir)).rejected[0]);
    assert.deepEqual([refused.thumbprint, refused.uri, refused.subject], [thumbprint, uri, 'CN=peer']);
    await trustCertificate(pkiDir, refused.id);
    await connected(login(), async () => {
      assert.deepEqual(await peer.read(['st1.Result.Sequence']), [[41, 'Good']]);
    });
    await distrustCertificate(pkiDir, refused.id);
    await assert.rejects(peer.connect(login()));
    await trustCertificate(pkiDir, refused.id);
    assert.deepEqual((await readPki(pkiDir)).rejected, []);
  });

  it('ends the session of a client whose trust is taken back, and nobody else’s', async () => {
    await peer.connect({ url, as: 'anonymous' });
    await peer.connect(login(operator));
    const [trusted] = (await readPki(pkiDir)).trusted;
    await distrustCertificate(pkiDir, trusted.id);
    const alone = ['st1.Result.Sequence'];
    const cut = async () =>
      peer.write([['st1.Command.Arg', 'UInt16', 7]]).then(
        (codes) => codes[0] !== 'Good',
        () => true,
      );
    await until('it is cut off', cut, { timeoutMs: 15_000 });
    assert.deepEqual(await peer.read(alone, 'anonymous'), [[41, 'Good']]);
    await peer.disconnect('anonymous');
    await peer.disconnect().catch(() => {});
    await trustCertificate(pkiDir, trusted.id);
  });

  for (const policy of policies) {
    it(`lets an operator command over ${policy}, an observer and an anonymous client only look`, async () => {
      await connected(login({ policy, ...operator }), async () => {
        assert.deepEqual(await peer.write([['st1.Command.Arg', 'UInt16', 7]]), ['Good']);
        assert.deepEqual(await peer.read(['st1.Command.Arg']), [[7, 'Good']]);
      });
      for (const who of [observer, {}]) {
        await connected(login({ policy, ...who }), async () => {
          assert.deepEqual(await peer.write([trigger(5)]), ['BadUserAccessDenied']);
          assert.deepEqual(await peer.read(['st1.Command.TriggerId', 'st1.Result.Sequence']), [
            [0, 'Good'],
            [41, 'Good'],
          ]);
        });
      }
    });
  }

  it('takes no password over a connection that is only signed, or not even that', async () => {
    await assert.rejects(peer.connect(login({ mode: 'Sign', ...operator })), anything);
    await assert.rejects(peer.connect({ url, ...operator }), anything);
    await connected(login({ mode: 'Sign' }), async () => {
      assert.deepEqual(await peer.write([trigger(5)]), ['BadUserAccessDenied']);
    });
    await connected({ url }, async () => {
      assert.deepEqual(await peer.write([trigger(5)]), ['BadUserAccessDenied']);
    });
  });

  it('refuses wrong passwords and unknown users', async () => {
    await assert.rejects(peer.connect(login({ user: 'plc', password: 'Secret' })), /BadUserAccessDenied/);
    await assert.rejects(peer.connect(login({ user: 'hmi', password: 'secret' })), /BadUserAccessDenied/);
    await assert.rejects(peer.connect(login({ user: 'nobody', password: 'secret' })), /BadUserAccessDenied/);
    await assert.rejects(peer.connect(login({ user: 'anonymous', password: 'x' })), /BadUserAccessDenied/);
    await connected(login(operator), async () => {});
  });

  it('refuses a certificate that has expired or speaks of another application, trusted or not', async () => {
    const old = join(folder, 'old');
    const other = join(folder, 'other');
    await peer.certificate({ file: old, uri, expired: true, name: 'old' });
    await peer.certificate({ file: other, uri: 'urn:somebody:else', name: 'other' });
    for (const cert of [old, other]) await assert.rejects(peer.connect(login({ cert })));
    const { rejected } = await until('both are listed', async () => {
      const pki = await readPki(pkiDir);
      return pki.rejected.length === 2 ? pki : null;
    });
    for (const { id } of rejected) await trustCertificate(pkiDir, id);
    await assert.rejects(peer.connect(login({ cert: old })), anything);
    await assert.rejects(peer.connect(login({ cert: other })), /BadCertificateUriInvalid/);
    await connected(login({ cert: other, uri: 'urn:somebody:else' }), async () => {});
  });

  it('shows only that it is there where None and anonymous clients are switched off', async () => {
    const modes = (await peer.endpoints(closedUrl)).map(([, mode]) => mode);
    assert.ok(modes.includes('SignAndEncrypt'));
    await assert.rejects(peer.connect({ url: closedUrl }), anything);
    await assert.rejects(peer.connect(login({ url: closedUrl })), anything);
    await connected(login({ url: closedUrl, ...observer }), async () => {
      assert.deepEqual(await peer.read(['st1.Result.Sequence']), [[41, 'Good']]);
      assert.deepEqual(await peer.write([trigger(5)]), ['BadUserAccessDenied']);
    });
  });

  describe('and Write requests', () => {
    const told: { triggerId: number; partId: string; expectedRecipe: number }[] = [];
    const hear = (_: string, command: PlcCommand) => {
      if (command.kind === 'trigger') told.push(command);
    };

    before(async () => {
      link.on('command', hear);
      await peer.connect(login(operator));
    });
    beforeEach(() => {
      told.length = 0;
    });
    after(async () => {
      link.off('command', hear);
      await peer.disconnect();
    });

    const block = ['TriggerId', 'PartId', 'DispositionCode', 'Code'].map((name) => `st1.Command.${name}`);
    const state = async () => (await peer.read(block)).map(([value]) => value);

    it('are evaluated after their last node, whatever the order', async () => {
      const statuses = await peer.write([
        trigger(301),
        ['st1.Command.ExpectedRecipe', 'UInt16', 3],
        ['st1.Command.PartId', 'String', 'Teil-Ä9'],
      ]);
      assert.deepEqual(statuses, ['Good', 'Good', 'Good']);
      const [heard] = await until('the trigger', () => (told.length > 0 ? told : null));
      assert.deepEqual([heard.triggerId, heard.partId, heard.expectedRecipe], [301, 'Teil-Ä9', 3]);
      assert.equal(told.length, 1);
    });

    it('are evaluated each by itself, however close they follow one another', async () => {
      const requests = Array.from({ length: 8 }, (_, n) => [
        trigger(401 + n),
        ['st1.Command.PartId', 'String', `P${n}`] as [string, string, string],
      ]);
      await peer.writes(requests);
      await until('all triggers', () => told.length === 8);
      assert.deepEqual(
        told.map(({ triggerId, partId }) => `${triggerId} ${partId}`).sort(),
        requests.map((_, n) => `${401 + n} P${n}`),
      );
    });

    it('change nothing where one value is out of its range or of another type', async () => {
      const before = await state();
      const long = 'Ä'.repeat(33);
      const refused = async (values: [string, string, string | number][], statuses: string[]) => {
        assert.deepEqual(await peer.write(values), statuses);
        assert.deepEqual(await state(), before);
      };
      await refused([['st1.Command.PartId', 'String', long], trigger(501)], ['BadOutOfRange', 'BadTransactionFailed']);
      await refused(
        [trigger(502), ['st1.Command.DispositionCode', 'UInt16', 6]],
        ['BadTransactionFailed', 'BadOutOfRange'],
      );
      await refused([['st1.Command.Code', 'UInt32', 1], trigger(503)], ['BadTypeMismatch', 'BadTransactionFailed']);
      await refused([['st1.Command.Code', 'Int16', 1]], ['BadTypeMismatch']);
      await refused([['st1.Command.PartId', 'UInt16', 1]], ['BadTypeMismatch']);
      await refused([['st1.Result.Code', 'UInt16', 1]], ['BadNotWritable']);
      await refused([['st1.Image', 'UInt16', 1]], ['BadNotWritable']);
      await refused([['st1.Nowhere', 'UInt16', 1]], ['BadNodeIdUnknown']);
      assert.deepEqual(told, []);
      assert.deepEqual(await peer.write([['st1.Command.PartId', 'String', 'Ä'.repeat(32)]]), ['Good']);
      assert.deepEqual(await peer.write([['st1.Command.DispositionCode', 'UInt16', 5]]), ['Good']);
    });
  });
});
