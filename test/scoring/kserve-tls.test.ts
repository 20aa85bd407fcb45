import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GoodpartError } from '../../lib/core/errors.ts';
import { KServeEngine } from '../../lib/scoring/kserve/kserve-engine.ts';
import type { KServeSettings } from '../../lib/scoring/kserve/settings.ts';
import { ModelStore } from '../../lib/scoring/model-store.ts';
import { Authority } from '../kit/certificates.ts';
import { FakeKServe } from '../kit/fake-kserve.ts';
import { hasCommand, needs } from '../kit/needs.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';
import { fakeMean, solid } from './kserve-kit.ts';
import { addTiny, meanModel } from './tiny-models.ts';

describe('KServeEngine over TLS', () => {
  const folder = tempDir('kserve-tls');
  let authority: Authority;
  let dir: string;
  let server: FakeKServe | undefined;
  let engine: KServeEngine | undefined;
  before(async function () {
    needs(this, 'openssl', hasCommand('openssl', ['version']));
    authority = new Authority();
    dir = await addTiny(new ModelStore(join(folder, 'models')), meanModel, { outputs: { map: 'map', score: 'score' } });
  });
  afterEach(async () => {
    await engine?.stop();
    await server?.stop();
  });

  const load = (settings: Partial<KServeSettings> = {}) => {
    engine = new KServeEngine({ name: 'test' }, { urls: server?.url ?? '', timeoutMs: 1_000, ...settings });
    return engine.load(dir);
  };
  const serve = async (tls?: { key: string; cert: string }) => {
    server = await new FakeKServe(fakeMean, tls).start();
    return server;
  };
  const refused = (pattern: RegExp) => (error: unknown) => {
    assert.ok(GoodpartError.is(error));
    assert.match(error.message, pattern);
    assert.equal(server?.infers, 0);
    return true;
  };

  it('takes a server whose certificate the named authority signed, and sends it the token', async () => {
    const { url } = await serve(authority.sign('IP:127.0.0.1'));
    if (server) server.token = 'the-token';
    const { key } = await load({ caFile: authority.file, token: 'the-token' });
    const result = await engine?.score(key, solid(3), { deadlineMs: 5_000 });
    assert.deepEqual([result?.score, result?.provider], [3, url]);
  });

  it('refuses a server that the system does not trust, and one that another authority signed', async () => {
    await serve(authority.sign('IP:127.0.0.1'));
    const pattern = /its certificate is not from an authority that is accepted here: name the right CA file$/;
    await assert.rejects(load(), refused(pattern));
    await engine?.stop();
    await assert.rejects(load({ caFile: new Authority().file }), refused(pattern));
  });

  it('refuses a certificate for another host', async () => {
    await serve(authority.sign('DNS:inference.example'));
    await assert.rejects(load({ caFile: authority.file }), refused(/its certificate is for another host$/));
  });

  it('refuses a certificate that has expired', async () => {
    await serve(authority.sign('IP:127.0.0.1', 0));
    const error = await until('its end', async () => {
      await engine?.stop();
      const failure = await load({ caFile: authority.file }).then(
        () => null,
        (thrown: Error) => thrown,
      );
      return failure ?? undefined;
    });
    assert.match(error.message, /its certificate has expired$/);
  });

  it('tells https and http apart', async () => {
    await serve();
    await assert.rejects(load({ urls: server?.url.replace('http:', 'https:') }), refused(/does not speak TLS/));
    await server?.stop();
    await engine?.stop();
    await serve(authority.sign('IP:127.0.0.1'));
    await assert.rejects(load({ urls: server?.url.replace('https:', 'http:') }), refused(/gave no score: /));
  });

  it('says what is wrong with a CA file', async () => {
    await serve(authority.sign('IP:127.0.0.1'));
    const absent = join(folder, 'absent.pem');
    await assert.rejects(load({ caFile: absent }), refused(/^Expected a readable PEM file for caFile .*ENOENT/));
    await engine?.stop();
    const text = join(folder, 'text.pem');
    writeFileSync(text, 'no certificate');
    await assert.rejects(load({ caFile: text }), refused(/^Expected a PEM file with certificates for caFile/));
  });
});
