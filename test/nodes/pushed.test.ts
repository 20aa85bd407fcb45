import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import sharp from 'sharp';
import { pushedSettingsHash } from '../../lib/capture/settings.ts';
import { Frame } from '../../lib/core/frame.ts';
import type { Inspection } from '../../lib/core/inspection.ts';
import { onEachNodeRed } from '../kit/flows.ts';
import { greyPicture } from '../kit/models.ts';
import { type FlowNode, NodeRed } from '../kit/node-red.ts';
import { userDirWithCheckout } from '../kit/packed.ts';
import { prepareStation } from '../kit/prepared-station.ts';
import { refusal } from '../kit/refusal.ts';
import { imageFlow, startStations } from '../kit/station-flow.ts';
import { until } from '../kit/until.ts';

const { hashSync } = require('bcryptjs') as { hashSync(password: string, rounds: number): string };

const png = (brightness: number, spot?: number) => {
  const { data, width, height } = greyPicture(brightness, spot);
  return sharp(data, { raw: { width, height, channels: 1 } })
    .png()
    .toBuffer();
};

/** The image flow with a camera to which pictures are pushed in front of it, and a trigger node beside. */
function pushedFlow(camera: object = {}, more: object = {}): object[] {
  const own = { z: 'station1-tab', station: 'station1-station', view: 'main' };
  return [
    ...imageFlow('station1', more),
    { id: 'camera', type: 'goodpart-camera', ...own, source: 'push', wires: [['station1-score', 'pushed']], ...camera },
    { id: 'pushed', type: 'helper', z: own.z, wires: [] },
    {
      id: 'trigger',
      type: 'goodpart-trigger',
      z: own.z,
      station: own.station,
      source: 'message',
      wires: [['camera'], []],
    },
  ];
}

onEachNodeRed('pictures that a flow pushes into a camera', (runner) => {
  it('each open their own inspection with their exposure as its trigger, and are judged', async () => {
    const [{ closed }] = await startStations(runner(), pushedFlow());
    const pushed = runner().collect('pushed');
    const camera = runner().node('camera');
    camera.receive({ payload: await png(60), part: { id: 'A-1' } });
    await until('the first verdict', () => closed.length === 1);
    camera.receive({ payload: await png(40, 230), part: { id: 'A-2' } });
    await until('the second verdict', () => closed.length === 2);
    assert.deepEqual(
      closed.map(({ verdict, part, trigger }) => [verdict, part.id, trigger.source]),
      [
        ['pass', 'A-1', 'image'],
        ['fail', 'A-2', 'image'],
      ],
    );
    for (const [index, { trigger, views }] of closed.entries()) {
      const { info } = views[0].frame as Frame;
      assert.equal(info.exposedAt, trigger.at);
      assert.deepEqual([info.number, info.source, info.settings.locked], [index + 1, 'camera main', false]);
    }
    assert.ok(pushed[0].payload instanceof Frame);
    assert.equal((pushed[0].inspection as Inspection).id, closed[0].id);
  });

  it('are no answer to a trigger that came before them: its view is invalid at once', async () => {
    const [{ closed }] = await startStations(runner(), pushedFlow());
    runner()
      .node('trigger')
      .receive({ payload: await png(60) });
    await until('its verdict', () => closed.length === 1);
    const [{ verdict, reasons, views }] = closed;
    assert.deepEqual([verdict, reasons[0].key], ['invalid', 'frameTooOld']);
    assert.match(reasons[0].text, /does not say when it was exposed/);
    assert.equal(views[0].frame, null);
  });

  it('are refused and counted while the station takes no part, and given on for learning without an inspection', async () => {
    const [{ station, closed }] = await startStations(runner(), pushedFlow());
    const pushed = runner().collect('pushed');
    station.setMode('commissioning', 'test', 'test');
    const before = station.snapshot().counters.missed;
    assert.match(await refusal(runner().node('camera'), { payload: await png(60) }), /Not accepted/);
    assert.equal(station.snapshot().counters.missed, before + 1);
    runner()
      .node('camera')
      .receive({ payload: await png(60), collect: true });
    await until('the picture', () => pushed.length === 1);
    assert.equal(pushed[0].inspection, undefined);
    assert.deepEqual(closed, []);
    assert.match(await refusal(runner().node('camera'), { payload: 17 }), /an image/);
  });

  it('cannot be configured as taken all the time', async () => {
    const [{ station }] = await startStations(runner(), pushedFlow({ run: 'free' }));
    assert.match(await refusal(runner().node('camera'), { payload: await png(60) }), /run/);
    assert.equal(station.snapshot().open, 0);
  });
});

describe('The upload of pictures', () => {
  const adminAuth = {
    type: 'credentials',
    users: [
      { username: 'line', password: hashSync('machine', 4), permissions: ['*'] },
      { username: 'guest', password: hashSync('guest', 4), permissions: ['goodpart.read'] },
    ],
  };
  const red = new NodeRed({ userDir: userDirWithCheckout(), adminAuth });
  const evidence = join(red.userDir, 'goodpart/stations/line1/station1/evidence');
  let picture: Buffer;

  const stations = ['station1', 'station2', 'station3'].map((station, i) => ({
    ...{
      id: `the-${station}`,
      type: 'goodpart-station',
      line: 'line1',
      station,
      deadlineMs: 5000,
      maxOpen: i === 0 ? 4 : 1,
    },
    mode: i === 2 ? 'offline' : 'run',
  }));
  const camera = (id: string, station: string, to: string[], more = {}) => ({
    ...{
      id,
      type: 'goodpart-camera',
      z: 'tab',
      station: `the-${station}`,
      view: 'main',
      source: 'push',
      wires: [to],
      ...more,
    },
  });
  const flow: FlowNode[] = [
    { id: 'tab', type: 'tab', label: 'uploads' },
    ...stations,
    { id: 'model', type: 'goodpart-model', model: '', version: '', threads: 1 },
    camera('cam1', 'station1', ['score']),
    {
      id: 'score',
      z: 'tab',
      type: 'goodpart-score',
      station: 'the-station1',
      model: 'model',
      view: 'main',
      wires: [['rules']],
    },
    {
      id: 'rules',
      z: 'tab',
      type: 'goodpart-rules',
      station: 'the-station1',
      thresholds: 'recipe',
      final: true,
      wires: [['ev']],
    },
    { id: 'ev', z: 'tab', type: 'goodpart-evidence', station: 'the-station1', wires: [[]] },
    camera('cam2', 'station2', []),
    camera('cam3', 'station3', []),
    camera('cam4', 'station3', [], { source: 'simulator', view: 'other' }),
    camera('cam5', 'station3', [], { run: 'collect', view: 'learn' }),
  ];
  const upload = async (node: string, body: Buffer | string, type = 'image/png', query = '') => {
    const init = { method: 'POST', headers: { 'content-type': type }, body: body as unknown as string };
    const response = await red.request(`goodpart/camera/${node}/upload${query}`, init);
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: text.startsWith('{') ? JSON.parse(text) : null,
    };
  };
  const records = () =>
    readdirSync(join(evidence, 'journal'))
      .flatMap((name) => readFileSync(join(evidence, 'journal', name), 'utf8').split('\n'))
      .join('\n');

  before(async () => {
    picture = await png(60);
    await prepareStation(red.userDir, pushedSettingsHash);
    await red.start();
    await red.signIn('line', 'machine');
    await red.deploy(flow);
    await until('uploads are taken', async () => {
      const { status, text } = await upload('cam5', picture);
      if (status !== 202) throw new Error(`${status} ${text}\n${red.log.slice(-1500)}`);
      return true;
    });
  });
  after(() => red.stop());

  it('makes an inspection of a picture, with its part id, that is judged and recorded', async () => {
    const { json } = await until('a part is taken', async () => {
      const answer = await upload('cam1', picture, 'image/png', '?part=P%2F17');
      return answer.status === 202 ? answer : null;
    });
    assert.deepEqual(Object.keys(json), ['id', 'sequence', 'part']);
    assert.equal(json.part, 'P/17');
    const line = await until('its record', () =>
      records()
        .split('\n')
        .find((each) => each.includes(json.id)),
    );
    assert.match(line, /"verdict":"pass"/);
  });

  it('is refused to whoever may not write, and for nodes to which nothing is pushed', async () => {
    const { token } = red;
    red.token = undefined;
    assert.equal((await upload('cam1', picture)).status, 401);
    const login = { client_id: 'node-red-editor', grant_type: 'password', scope: 'goodpart.read' };
    const { access_token } = await red.json<{ access_token: string }>('auth/token', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...login, username: 'guest', password: 'guest' }),
    });
    red.token = access_token;
    assert.equal((await red.request('goodpart/overview.json')).status, 200);
    assert.equal((await upload('cam1', picture)).status, 401);
    red.token = token;
    for (const node of ['nobody', 'cam4', 'station1', '..%2f..', '__proto__']) {
      const { status, text } = await upload(node, picture);
      assert.equal(status, 404, node);
      assert.match(text, /a camera node that runs/);
    }
  });

  it('says 503 while parts are open, 409 where somebody must do something, and counts both', async () => {
    assert.equal((await upload('cam2', picture)).status, 202);
    const { status, headers, json } = await upload('cam2', picture);
    assert.deepEqual([status, headers.get('retry-after'), json.reason], [503, '1', 'tooManyOpen']);
    const { status: later, json: why } = await upload('cam3', picture);
    assert.deepEqual([later, why.reason], [409, 'offline']);
    const { status: unusable, json: id } = await upload('cam2', picture, 'image/png', `?part=${'x'.repeat(100)}`);
    assert.deepEqual([unusable, id.reason], [409, 'badPartId']);
    assert.equal((await upload('cam2', picture, 'image/png', '?part=a&part=b')).status, 400);
    assert.equal((await upload('cam2', 'no picture')).status, 400);
    const overview = await red.json<{ stations: { station: string; counters: { missed: number } }[] }>(
      'goodpart/overview.json',
    );
    const missed = (name: string) => overview.stations.find(({ station }) => station === name)?.counters.missed;
    assert.deepEqual([missed('station2'), missed('station3')], [3, 1]);
  });

  it('looks at the bytes and not at their type, refuses forms, and takes what the decoder will find damaged', async () => {
    for (const body of ['<html>', '', 'GIF89a…', '{"json": true}']) {
      const { status, text } = await upload('cam1', body);
      assert.equal(status, 400, body);
      assert.match(text, /a JPEG or PNG picture/);
    }
    for (const type of ['text/plain', 'application/json', 'multipart/form-data', 'application/x-www-form-urlencoded']) {
      assert.ok([400, 415].includes((await upload('cam1', picture, type)).status), type);
    }
    const { json } = await until('it is taken', async () => {
      const answer = await upload('cam1', picture.subarray(0, 60), 'application/octet-stream');
      return answer.status === 202 ? answer : null;
    });
    const line = await until('its record', () =>
      records()
        .split('\n')
        .find((each) => each.includes(json.id)),
    );
    assert.match(line, /"verdict":"invalid"/);
    assert.match(line, /imageUnreadable/);
  });

  it('is bounded: 413 for too much, announced or not, and a sender that goes away or waits harms nobody', async () => {
    const send = (headers: Record<string, string>, work: (sent: ReturnType<typeof request>) => void) =>
      new Promise<number | string>((resolve) => {
        const authorization = `Bearer ${red.token}`;
        const sent = request(`${red.url}/goodpart/camera/cam1/upload`, {
          method: 'POST',
          headers: { authorization, 'content-type': 'image/png', ...headers },
        });
        sent.on('response', (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        });
        sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
        work(sent);
      });
    assert.equal(await send({ 'content-length': String(1e9) }, (sent) => sent.write('x')), 413);
    const chunk = Buffer.alloc(1024 * 1024, picture);
    const pour = (sent: ReturnType<typeof request>) => {
      let left = 70;
      const more = () => {
        if (sent.destroyed || left-- === 0) return;
        sent.write(chunk, () => setImmediate(more));
      };
      more();
    };
    assert.ok([413, 'EPIPE', 'ECONNRESET'].includes(await send({}, pour)));
    const waiting: ReturnType<typeof request>[] = [];
    for (let i = 0; i < 4; i++)
      void send({ 'content-length': '1000' }, (sent) => waiting.push(sent) && sent.write('x'));
    await until('all places are taken', async () => (await upload('cam5', picture)).status === 503);
    for (const sent of waiting) sent.destroy();
    await until('a place is free', async () => (await upload('cam5', picture)).status === 202);
    assert.ok(red.running);
  });
});
