import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { Camera } from '../../lib/capture/camera.ts';
import { httpSource, knownAge } from '../../lib/capture/http/http-source.ts';
import { httpSettingsSchema } from '../../lib/capture/http/settings.ts';
import { parseSourceSettings, settingsHash } from '../../lib/capture/settings.ts';
import type { SourceSink } from '../../lib/capture/source.ts';
import { systemClock } from '../../lib/core/clock.ts';
import { GoodpartError } from '../../lib/core/errors.ts';
import { sharpOf } from '../imaging/pictures.ts';
import { hasCommand, needs } from '../kit/needs.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';
import { SnapshotServer } from './snapshot-server.ts';

const secret = 'pass/word"with\\all?of&it';
const now = () => systemClock.mono();
const md5 = (text: string) => createHash('md5').update(text).digest('hex');

describe('a camera’s snapshot address', () => {
  let server: SnapshotServer;
  let jpeg: Buffer;
  let png: Buffer;
  const faults: GoodpartError[] = [];
  const opened: ReturnType<typeof httpSource.create>[] = [];
  const sink: SourceSink = { frame: () => {}, lost: () => {}, warning: () => {}, fault: (error) => faults.push(error) };

  const open = async (more: { url?: string; [field: string]: unknown } = {}) => {
    const { url = server.url(), ...rest } = more;
    const settings = httpSettingsSchema.parse({ kind: 'http', url, timeoutMs: 3_000, ...rest });
    const source = httpSource.create(settings);
    opened.push(source);
    const description = await source.open({ sink, resumeAfter: 0, signal: new AbortController().signal });
    const expose = (signal = new AbortController().signal) => source.expose({ after: now(), signal });
    return { source, description, expose };
  };
  const picture = (response: ServerResponse, data = jpeg, headers: Record<string, string> = {}) =>
    response.writeHead(200, { 'Content-Type': 'text/plain', ...headers }).end(data);
  /** Refused with one sentence that holds the words and nothing secret. */
  const refused = async (work: Promise<unknown>, words: RegExp, field = 'url') => {
    const error = await work.then(
      () => assert.fail(`it was not refused: ${words}`),
      (thrown: unknown) => thrown,
    );
    assert.ok(GoodpartError.is(error), String(error));
    assert.equal(error.code, 'GP_SOURCE_FAILED');
    assert.equal(error.field, field, error.message);
    assert.match(error.message, words);
    const told = JSON.stringify(error.toJSON());
    for (const word of [secret, 'QUERYKEY', 'token-of-mine']) assert.ok(!told.includes(word), told);
  };

  before(async () => {
    jpeg = await sharpOf(64, 48).jpeg().toBuffer();
    png = await sharpOf(64, 48).png().toBuffer();
  });
  beforeEach(async () => {
    faults.length = 0;
    server = await new SnapshotServer().start();
    server.answer = (_, response) => picture(response);
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((source) => source.close()));
    await server.stop();
  });

  it('gives a picture for each trigger, exposed no earlier than the request, whatever its content type says', async () => {
    const camera = new Camera({ name: 'web', source: { kind: 'http', url: server.url('/cgi?QUERYKEY=1') } });
    try {
      await camera.start();
      assert.match(camera.status().text, /127\.0\.0\.1:\d+\/cgi: GET per picture, exposure not locked$/);
      for (const number of [1, 2]) {
        const after = now();
        const { info, data } = await camera.capture({ after, timeoutMs: 5_000 });
        assert.ok(data.equals(jpeg));
        assert.ok(info.exposedAt >= after && info.exposedAt <= now());
        assert.deepEqual([info.number, info.encoding, info.settings.locked], [number, 'jpeg', false]);
      }
    } finally {
      await camera.stop();
    }
  });

  it('takes PNG, and asks with POST where that is wanted, not before a trigger', async () => {
    server.answer = (_, response) => picture(response, png);
    const { expose } = await open({ method: 'POST' });
    assert.equal(server.requests, 0);
    assert.equal((await expose()).encoding, 'png');
    assert.deepEqual(server.methods, ['POST']);
  });

  it('asks twice where the camera answers with the picture before', async () => {
    let last = jpeg;
    const given: Buffer[] = [];
    server.answer = (_, response) => {
      picture(response, last);
      last = Buffer.concat([jpeg, Buffer.from([given.push(last)])]);
    };
    const { expose } = await open({ answersStored: true });
    const asked = server.requests;
    const after = now();
    const { data, exposedAt } = await expose();
    assert.equal(server.requests - asked, 2);
    assert.ok(data.equals(given[given.length - 1]));
    assert.ok(exposedAt >= after);
  });

  it('believes an answer that admits to be old, and the camera then gives no picture from before the trigger', async () => {
    const fresh = { date: 'Tue, 01 Jul 2025 10:00:05 GMT', 'last-modified': 'Tue, 01 Jul 2025 10:00:05 GMT' };
    assert.equal(knownAge({}), 0);
    assert.equal(knownAge(fresh), 0);
    assert.equal(knownAge({ ...fresh, date: 'Tue, 01 Jul 2025 10:00:08 GMT' }), 3_000);
    assert.equal(knownAge({ age: '2', date: 'nonsense' }), 2_000);
    assert.equal(knownAge({ age: '-5' }), 0);
    let aged = 2;
    server.answer = (_, response) => picture(response, jpeg, aged-- > 0 ? { Age: '7' } : {});
    const camera = new Camera({ name: 'cache', source: { kind: 'http', url: server.url() } });
    try {
      await camera.start(); // takes one of the two
      const after = now();
      const { info } = await camera.capture({ after, timeoutMs: 5_000 });
      assert.ok(info.exposedAt >= after);
      assert.equal(camera.counters().tooOld, 1);
    } finally {
      await camera.stop();
    }
  });

  it('logs in with basic, bearer and digest; one nonce serves many pictures, a stale one is exchanged', async () => {
    const basic = `Basic ${Buffer.from(`inspector:${secret}`).toString('base64')}`;
    server.answer = (request, response) => {
      if (request.headers.authorization === basic) return picture(response);
      return response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="cam"' }).end();
    };
    await open({ credentials: { scheme: 'basic', user: 'inspector', password: secret } });
    server.answer = (request, response) =>
      request.headers.authorization === 'Bearer token-of-mine' ? picture(response) : response.writeHead(403).end();
    await open({ credentials: { scheme: 'bearer', token: 'token-of-mine' } });

    let nonce = 'first';
    const counts: string[] = [];
    server.answer = (request, response) => {
      const header = request.headers.authorization ?? '';
      const field = (name: string) => new RegExp(`${name}="?([^",]+)`).exec(header)?.[1] ?? '';
      const login = md5(`inspector:the camera:${secret}`);
      const asked = md5(`GET:/snapshot.jpg?profile=1`);
      const expected = md5(`${login}:${nonce}:${field('nc')}:${field('cnonce')}:auth:${asked}`);
      if (field('nonce') === nonce && field('response') === expected && field('uri') === '/snapshot.jpg?profile=1') {
        counts.push(`${nonce} ${field('nc')}`);
        return picture(response);
      }
      const stale = header !== '' ? ', stale=true' : '';
      const challenge = `Basic realm="other", Digest realm="the camera", nonce="${nonce}", qop="auth,auth-int"${stale}`;
      return response.writeHead(401, { 'WWW-Authenticate': challenge }).end();
    };
    const { expose } = await open({
      url: server.url('/snapshot.jpg?profile=1'),
      credentials: { scheme: 'digest', user: 'inspector', password: secret },
    });
    await expose();
    nonce = 'second';
    await expose();
    assert.deepEqual(counts, ['first 00000001', 'first 00000002', 'second 00000001']);
    assert.ok(!server.authorizations.slice(2).some((header) => header.includes(secret)));
  });

  it('says in one sentence what is wrong with an answer, without secrets, and the next picture may be right', async () => {
    const { expose } = await open({
      url: server.url('/snap?QUERYKEY=1'),
      credentials: { scheme: 'basic', user: 'inspector', password: secret },
      maxBytes: 100_000,
    });
    const html = '<!DOCTYPE html><html>Please log in</html>';
    const cases: [RegExp, SnapshotServer['answer'], string?][] = [
      [/received 401: it refused the basic login/, (_, response) => response.writeHead(401).end(), 'auth'],
      [/received 404$/, (_, response) => response.writeHead(404).end(html)],
      [/received 302: a redirect, which is not followed/, (_, r) => r.writeHead(302, { Location: '/other' }).end()],
      [/received an HTML page/, (_, r) => r.writeHead(200, { 'Content-Type': 'image/jpeg' }).end(html)],
      [/received nothing/, (_, response) => response.end()],
      [/received 500$/, (_, response) => response.writeHead(500).end()],
      [/received \d+ bytes without the end of one/, (_, response) => picture(response, jpeg.subarray(0, -200))],
      [/at most 100000 bytes/, (_, response) => response.writeHead(200, { 'Content-Length': '900000000' }).write('x')],
      [/at most 100000 bytes/, (_, response) => response.write(Buffer.alloc(150_000))],
    ];
    for (const [words, answer, field] of cases) {
      server.answer = answer;
      await refused(expose(), words, field);
    }
    assert.deepEqual(faults, []);
    server.answer = (_, response) => picture(response);
    assert.ok((await expose()).data.equals(jpeg));
  });

  it('counts a camera that is gone, cut off or drips as not connected', async () => {
    const { expose } = await open({ timeoutMs: 400, credentials: { scheme: 'bearer', token: 'token-of-mine' } });
    server.answer = (_, response) => {
      response.writeHead(200, { 'Content-Length': String(jpeg.length) }).write(jpeg.subarray(0, 100));
      setTimeout(() => response.destroy(), 20);
    };
    await refused(expose(), /the answer was cut off/);
    const drips: NodeJS.Timeout[] = [];
    server.answer = (_, response) => {
      response.writeHead(200);
      drips.push(setInterval(() => response.write(Buffer.of(0xff)), 30));
    };
    await refused(expose(), /no whole answer within 400 ms/);
    drips.forEach(clearInterval);
    server.answer = () => {};
    await refused(expose(), /no whole answer within 400 ms/);
    assert.equal(faults.length, 3);
    const url = server.url();
    await server.stop();
    await refused(expose(), /nobody listens there/);
    assert.equal(faults.length, 4);
    await refused(open({ url }), /nobody listens there/);
    server = await new SnapshotServer().start();
  });

  it('comes back by itself when the camera does', async () => {
    const { port } = server;
    const camera = new Camera({ name: 'web', source: { kind: 'http', url: server.url(), timeoutMs: 1_000 } });
    try {
      await camera.start();
      await server.stop();
      await assert.rejects(camera.capture({ after: now(), timeoutMs: 2_000 }), /nobody listens there/);
      await until('it shows as lost', () => !camera.status().connected);
      server = await new SnapshotServer().start(port);
      server.answer = (_, response) => picture(response);
      await until('it is back', () => camera.status().connected);
      const after = now();
      assert.ok((await camera.capture({ after, timeoutMs: 5_000 })).info.exposedAt >= after);
    } finally {
      await camera.stop();
    }
  });

  it('gives up at once when told to, and uses a kept connection that the camera closed no second time', async () => {
    const { expose } = await open();
    server.answer = () => {};
    const stop = new AbortController();
    const work = expose(stop.signal);
    await until('it was asked', () => server.requests === 2);
    stop.abort();
    await refused(work, /given up/);
    assert.deepEqual(faults, []);
    let cut = 0;
    server.answer = (request, response) => {
      if (cut++ === 1) request.socket.destroy();
      else picture(response);
    };
    await expose();
    assert.ok((await expose()).data.equals(jpeg));
    assert.equal(cut, 3);
  });

  it('takes a self-signed certificate only where that was chosen', async function () {
    needs(this, 'openssl', hasCommand('openssl', ['version']));
    const dir = tempDir('certificate');
    const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
    const subject = ['-subj', '/CN=127.0.0.1', '-days', '2', '-nodes', '-newkey', 'rsa:2048'];
    execFileSync('openssl', ['req', '-x509', ...subject, '-keyout', key, '-out', cert], { stdio: 'ignore' });
    await server.stop();
    server = await new SnapshotServer({ key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }).start();
    server.answer = (_, response) => picture(response);
    await refused(open(), /its certificate is self-signed/);
    assert.equal(server.requests, 0);
    const { expose, description } = await open({ selfSigned: true });
    assert.match(description.running, /certificate not checked/);
    assert.ok((await expose()).data.equals(jpeg));
  });

  it('refuses addresses that are none, and tells no secret of what it refuses', () => {
    for (const url of ['file:///etc/passwd', 'ftp://camera/', 'camera.local/pic', `http://user:QUERYKEY@camera/`, '']) {
      assert.throws(
        () => parseSourceSettings({ kind: 'http', url }),
        (error) => GoodpartError.is(error) && error.field === 'source.url' && !error.message.includes('QUERYKEY'),
        url,
      );
    }
    const wrong = { kind: 'http', url: 'http://camera/', credentials: { scheme: 'bearer', token: 'token-of-mine\n' } };
    assert.throws(
      () => parseSourceSettings(wrong),
      (error) => GoodpartError.is(error) && !JSON.stringify(error.toJSON()).includes('token-of-mine'),
    );
    const hash = (more: object) =>
      settingsHash(parseSourceSettings({ kind: 'http', url: 'http://camera/a?size=1', ...more }));
    assert.notEqual(hash({}), hash({ url: 'http://camera/a?size=2' }));
    assert.equal(hash({}), hash({ credentials: { scheme: 'bearer', token: 'other' }, timeoutMs: 100 }));
  });
});
