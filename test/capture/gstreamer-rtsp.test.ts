import assert from 'node:assert/strict';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Camera } from '../../lib/capture/camera.ts';
import type { GoodpartError } from '../../lib/core/errors.ts';
import type { Frame } from '../../lib/core/frame.ts';
import { isAlive } from '../kit/processes.ts';
import { until } from '../kit/until.ts';
import {
  allArguments,
  dueAt,
  endAll,
  gstCamera,
  needsRtspServer,
  now,
  pipelinesBelow,
  rtspServer,
  shot,
} from './gstreamer-kit.ts';

/** Of the test's server, its encoder and the decoder on a busy machine; pictures may be that much older than they seem. */
const delayMs = 400;
const rtsp = (url: string, more: object = {}) => ({ input: 'rtsp', url, delayMs, ...more });
const login = { user: 'line1', password: 's3cret w:rd' };

/** Lets a connection through, holds what the camera sends while `held`, and gives it all at once afterwards. */
class SlowNetwork {
  readonly #server: Server;
  readonly #sockets: Socket[] = [];
  readonly #waiting: [Socket, Buffer][] = [];
  #held = false;

  constructor(port: number) {
    this.#server = createServer((client) => {
      const camera = connect(port, '127.0.0.1');
      this.#sockets.push(client, camera);
      for (const socket of [client, camera]) socket.on('error', () => {});
      client.pipe(camera);
      client.on('close', () => camera.destroy());
      camera.on('close', () => client.destroy());
      camera.on('data', (bytes: Buffer) => {
        if (this.#held) this.#waiting.push([client, bytes]);
        else client.write(bytes);
      });
    });
  }

  listen(): Promise<string> {
    return new Promise((resolve) => {
      this.#server.listen(0, '127.0.0.1', () => {
        const address = this.#server.address();
        resolve(`rtsp://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/cam`);
      });
    });
  }

  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    for (const [client, bytes] of this.#waiting.splice(0)) client.write(bytes);
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

interface Counts {
  answered: number;
  refused: number;
}

/** Enough pictures came, or they never will. */
const enough = (number: number) => {
  const end = now() + 15_000;
  return ({ answered }: Counts) => answered >= number || now() > end;
};

/** Captures one after another until `done`; checks that each picture that came is younger than its trigger. */
async function judge(camera: Camera, done: (counts: Counts) => boolean): Promise<Counts> {
  const counts = { answered: 0, refused: 0 };
  while (!done(counts)) {
    const after = now();
    let frame: Frame;
    try {
      frame = await camera.capture({ after, timeoutMs: 1_000 });
    } catch {
      counts.refused += 1;
      await new Promise((resolve) => setTimeout(resolve, 20));
      continue;
    }
    assert.ok(dueAt(frame) >= after, `a picture from ${after - dueAt(frame)} ms before its trigger`);
    assert.ok(frame.info.exposedAt <= dueAt(frame), 'said to be younger than it is');
    counts.answered += 1;
  }
  return counts;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * A trigger during a stall, which ends while its picture is awaited: the burst that follows holds pictures that arrive after the
 * trigger and are older. Longer before the end than the stream's delay, or that alone would keep them out.
 */
async function triggeredBeforeTheEnd(camera: Camera, end: () => void): Promise<void> {
  const after = now();
  const waiting = camera.capture({ after, timeoutMs: 8_000 });
  await pause(2 * delayMs);
  end();
  const frame = await waiting;
  assert.ok(dueAt(frame) >= after, `a picture from ${after - dueAt(frame)} ms before its trigger`);
}

describe('a network camera', () => {
  before(function () {
    needsRtspServer(this);
  });
  afterEach(endAll);

  it('answers with pictures exposed after the trigger, and says what it cannot do', async () => {
    const { url } = await rtspServer();
    const camera = gstCamera(rtsp(url));
    await camera.start();
    assert.equal((await judge(camera, enough(3))).answered, 3);
    const { info } = await shot(camera);
    assert.deepEqual([info.encoding, info.width, info.height, info.channels], ['raw', 320, 240, 3]);
    assert.equal(info.settings.chain, 'CPU');
    assert.equal(info.settings.locked, false);
    assert.match(String(info.settings.pipeline), /^rtspsrc ! rtph264depay ! h264parse ! avdec_h264 ! /);
    assert.match(camera.status().text, /^network camera rtsp:\/\/127\.0\.0\.1:\d+\/cam: CPU, 320 x 240 RGB /);
    assert.match(camera.status().text, /white balance of a network camera cannot be locked/);
  });

  it('judges no stale picture when the server stands still and then sends all that was due, and goes on by itself', async () => {
    const { url, process: server } = await rtspServer();
    const camera = gstCamera(rtsp(url));
    await camera.start();
    await shot(camera);
    server.kill('SIGSTOP');
    const stopped = now();
    const still = await judge(camera, () => now() - stopped > 1_500);
    await triggeredBeforeTheEnd(camera, () => server.kill('SIGCONT'));
    const again = await judge(camera, enough(3));
    assert.ok(still.refused >= 1, `${still.refused} captures without a picture`);
    assert.equal(again.answered, 3);
    assert.equal(camera.counters().restarts, 0);
  });

  it('judges no stale picture when the network holds them up and gives them all at once', async () => {
    const { port } = await rtspServer();
    const network = new SlowNetwork(port);
    try {
      const camera = gstCamera(rtsp(await network.listen()));
      await camera.start();
      await shot(camera);
      network.hold();
      const held = now();
      await judge(camera, () => now() - held > 1_500);
      const seen = () => camera.counters().tooOld + camera.counters().stale;
      const before = seen();
      await triggeredBeforeTheEnd(camera, () => network.release());
      assert.equal((await judge(camera, enough(3))).answered, 3);
      await until('late pictures were seen and not used', () => seen() > before + 20);
    } finally {
      network.close();
    }
  });

  it('comes back by itself after its server was killed and started again', async () => {
    const { url, port, process: server } = await rtspServer();
    const camera = gstCamera(rtsp(url));
    await camera.start();
    await shot(camera);
    server.kill('SIGKILL');
    await until('the loss is noticed', () => !camera.status().connected);
    await assert.rejects(shot(camera, 200), { code: 'GP_SOURCE_FAILED' });
    await rtspServer({ port });
    const frame = await until('pictures again', () => shot(camera, 1_000), { timeoutMs: 20_000 });
    assert.ok(frame.info.number > 1);
    assert.ok(camera.counters().reopened >= 1);
  });

  it('logs in by Basic and by Digest, and the password is nowhere to be seen', async () => {
    for (const [auth, transport] of [
      ['basic', 'tcp'],
      ['digest', 'udp'],
    ]) {
      const { url } = await rtspServer({ auth });
      const camera = gstCamera(rtsp(url, { ...login, transport }));
      await camera.start();
      const { info } = await shot(camera);
      const seen = [
        allArguments(),
        JSON.stringify(info),
        JSON.stringify(await camera.describe()),
        camera.status().text,
      ];
      for (const text of seen) assert.doesNotMatch(text, /s3cret|line1:/);
      assert.match(camera.status().text, new RegExp(`network camera ${url}:`));
      assert.doesNotMatch(JSON.stringify(camera.childStats()), /s3cret/);
      await camera.stop();
    }
  });

  it('says that user and password were refused, or are wanted', async () => {
    const { url } = await rtspServer({ auth: 'digest' });
    const refused = (error: GoodpartError) => {
      assert.match(error.message, /refused user and password/);
      assert.doesNotMatch(JSON.stringify(error), /wr0ng|line1/);
      return true;
    };
    await assert.rejects(gstCamera(rtsp(url, { ...login, password: 'wr0ng' })).start(), refused);
    await assert.rejects(gstCamera(rtsp(url)).start(), /the camera wants a user and a password/);
  });

  it('says that the codec is another one, and ends its pipeline with it', async () => {
    const { url } = await rtspServer();
    let camera = gstCamera(rtsp(url, { codec: 'h265' }));
    // on a machine under load the server may hang up before a picture has shown it
    const said = () =>
      camera.start().catch(({ message }: Error) => message.includes('does the camera send H.264 instead?'));
    await until('it says what is wrong', async () => {
      if (await said()) return true;
      await camera.stop();
      camera = gstCamera(rtsp(url, { codec: 'h265' }));
      return false;
    });
    const pid = camera.childStats().pid ?? 0;
    await camera.stop();
    await until('nothing is left', () => !isAlive(pid) && pipelinesBelow(pid).length === 0);
  });
});
