import assert from 'node:assert/strict';
import type { X509Certificate } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { loadOpcua } from '../../lib/plc/opcua-server.ts';
import type { Opcua } from '../../lib/plc/opcua-variant.ts';
import {
  deleteCertificate,
  distrustCertificate,
  maxRejected,
  noteRejected,
  ownCertificate,
  readPki,
  rejectedFolder,
  trustCertificate,
  trustedFolder,
} from '../../lib/plc/pki-folder.ts';
import { ownIdentity, PkiStore } from '../../lib/plc/pki-store.ts';
import { tempDir } from '../kit/temp.ts';

const yearMs = 365 * 24 * 60 * 60 * 1000;

describe('certificates', () => {
  let opcua: Opcua;
  const strangers: X509Certificate[] = [];

  /** A certificate of some other application. */
  const stranger = async (name: string): Promise<X509Certificate> => {
    const folder = tempDir('stranger');
    await ownIdentity(opcua, folder, { applicationUri: `urn:${name}`, hosts: [name] });
    const made = await ownCertificate(folder);
    assert.ok(made);
    return made;
  };

  before(async () => {
    opcua = await loadOpcua();
    for (const name of ['first', 'second']) strangers.push(await stranger(name));
  });

  describe('the own one', () => {
    const pkiDir = join(tempDir('pki'), 'pki');
    const identity = { applicationUri: 'urn:line:goodpart', hosts: ['10.1.2.3', 'inspector'] };
    const own = async () => {
      const certificate = await ownCertificate(pkiDir);
      assert.ok(certificate);
      return certificate;
    };

    it('names the application, the hosts and addresses, and holds for years', async () => {
      const made = await ownIdentity(opcua, pkiDir, identity);
      assert.equal(made.note, '');
      const { subjectAltName = '', validTo } = await own();
      for (const part of ['URI:urn:line:goodpart', 'DNS:inspector', `DNS:${hostname()}`, 'IP Address:10.1.2.3']) {
        assert.ok(subjectAltName.split(', ').includes(part), `${part} in ${subjectAltName}`);
      }
      assert.ok(Date.parse(validTo) > Date.now() + 9 * yearMs);
      assert.equal((await readPki(pkiDir)).own?.uri, 'urn:line:goodpart');
    });

    it('stays the same over starts, and says which address it does not name', async () => {
      const before = await own();
      const made = await ownIdentity(opcua, pkiDir, { ...identity, hosts: [...identity.hosts, '10.9.9.9'] });
      assert.equal(made.note, 'its certificate does not name 10.9.9.9');
      assert.equal((await own()).fingerprint256, before.fingerprint256);
    });

    it('is renewed with the same key before it expires, and where the application URI changed, and says so', async () => {
      const first = await own();
      const later = await ownIdentity(opcua, pkiDir, identity, Date.parse(first.validTo) - yearMs / 24);
      assert.match(later.note, /renewed because it was about to expire/);
      const second = await own();
      assert.notEqual(second.fingerprint256, first.fingerprint256);
      assert.ok(second.publicKey.equals(first.publicKey));
      const moved = await ownIdentity(
        opcua,
        pkiDir,
        { ...identity, applicationUri: 'urn:other' },
        Date.parse(first.validTo),
      );
      assert.match(moved.note, /renewed because the application URI changed/);
      assert.match((await own()).subjectAltName ?? '', /URI:urn:other/);
    });
  });

  describe('others’', () => {
    const pkiDir = join(tempDir('pki'), 'pki');
    let store: PkiStore;

    before(() => {
      store = new PkiStore(opcua, pkiDir);
    });
    after(() => store.dispose());

    it('are refused, listed, trusted, distrusted and deleted, each effective at the next attempt', async () => {
      const [{ raw }] = strangers;
      const status = async () => (await store.checkCertificate(raw)).name;
      assert.equal(await status(), 'BadCertificateUntrusted');
      const [{ id, seen }] = (await readPki(pkiDir)).rejected;
      assert.ok(Math.abs(Date.parse(seen) - Date.now()) < 60_000);
      await trustCertificate(pkiDir, id);
      assert.equal(await status(), 'Good');
      await distrustCertificate(pkiDir, id);
      assert.equal(await status(), 'BadCertificateUntrusted');
      await deleteCertificate(pkiDir, id);
      assert.deepEqual((await readPki(pkiDir)).rejected, []);
      await assert.rejects(trustCertificate(pkiDir, id), { code: 'GP_INPUT_INVALID' });
      await assert.rejects(trustCertificate(pkiDir, '../../etc/passwd'), { code: 'GP_INPUT_INVALID' });
    });

    it('that somebody copies in by hand are trusted at once', async () => {
      const [, second] = strangers;
      assert.equal((await store.checkCertificate(second.raw)).name, 'BadCertificateUntrusted');
      const [file] = readdirSync(rejectedFolder(pkiDir));
      copyFileSync(join(rejectedFolder(pkiDir), file), join(trustedFolder(pkiDir), 'by hand.pem'));
      assert.equal((await store.checkCertificate(second.raw)).name, 'Good');
      assert.deepEqual((await readPki(pkiDir)).rejected, []);
      assert.equal((await readPki(pkiDir)).trusted.length, 1);
    });

    it('never fill the disk: of a flood the newest are kept', async () => {
      const folder = join(tempDir('pki'), 'flood');
      mkdirSync(rejectedFolder(folder), { recursive: true });
      for (let n = 0; n < maxRejected + 20; n++) writeFileSync(join(rejectedFolder(folder), `${n}.pem`), 'old');
      for (const certificate of strangers) await noteRejected(folder, certificate);
      for (const certificate of strangers) await noteRejected(folder, certificate);
      assert.equal(readdirSync(rejectedFolder(folder)).length, maxRejected);
      assert.equal((await readPki(folder)).rejected.length, strangers.length);
    });

    it('that are none are refused, and bytes in the folder disturb nobody', async () => {
      assert.equal((await store.checkCertificate(Buffer.from('nonsense'))).name, 'BadCertificateInvalid');
      writeFileSync(join(trustedFolder(pkiDir), 'junk.pem'), Buffer.alloc(500, 0x30));
      writeFileSync(join(trustedFolder(pkiDir), 'huge.pem'), Buffer.alloc(200_000));
      assert.equal((await readPki(pkiDir)).trusted.length, 1);
      assert.equal((await store.checkCertificate(strangers[1].raw)).name, 'Good');
    });
  });
});
