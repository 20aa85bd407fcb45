import assert from 'node:assert/strict';
import sharp from 'sharp';
import type { LiveLook } from '../../lib/capture/live-watch.ts';
import { type FlowNode, NodeRed } from '../kit/node-red.ts';
import { userDirWithCheckout } from '../kit/packed.ts';
import { until } from '../kit/until.ts';

const { hashSync } = require('bcryptjs') as { hashSync(password: string, rounds: number): string };

const user = (username: string, permissions: string | string[]) => ({
  username,
  password: hashSync('secret', 4),
  permissions,
});
const flow: FlowNode[] = [
  { id: 'tab', type: 'tab', label: 'line' },
  {
    id: 'station',
    type: 'goodpart-station',
    line: 'line1',
    station: 'station1',
    mode: 'run',
    deadlineMs: 4000,
    maxOpen: 2,
  },
  { id: 'go', z: 'tab', type: 'inject', props: [], repeat: '', once: false, wires: [['camera']] },
  {
    id: 'camera',
    z: 'tab',
    type: 'goodpart-camera',
    station: 'station',
    view: 'main',
    source: 'simulator',
    run: 'triggered',
    simWidth: 800,
    simHeight: 600,
    encoding: 'raw',
    wires: [[]],
  },
];
const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };

describe('The routes of a camera’s live view', function () {
  this.timeout(120_000);
  const users = [user('engineer', '*'), user('reader', ['flows.read', 'goodpart.read'])];
  const red = new NodeRed({ userDir: userDirWithCheckout(), adminAuth: { type: 'credentials', users } });
  const as = (name: string, scope = '*') => red.signIn(name, 'secret', scope);
  const status = async (path: string, init?: RequestInit) => (await red.request(`goodpart/${path}`, init)).status;
  const look = () => red.json<LiveLook>('goodpart/camera/camera/live');
  const lookUntil = (what: string, holds: (look: LiveLook) => boolean) =>
    until(
      what,
      async () => {
        const now = await look();
        return holds(now) ? now : null;
      },
      { timeoutMs: 30_000 },
    );

  before(async () => {
    await red.start();
    await as('engineer');
    await red.deploy(flow);
    await lookUntil('the camera is open', ({ status: { connected } }) => connected);
  });
  after(() => red.stop());

  it('are closed to strangers; who may only read makes no camera do anything', async () => {
    const reading = ['camera/camera/live', 'camera/camera/live/picture'];
    const doing = ['camera/camera/picture', 'camera/camera/settings'];
    for (const path of [...reading, 'cameras/simulator']) {
      assert.equal((await fetch(`${red.url}/goodpart/${path}`)).status, 401, path);
    }
    for (const path of doing) assert.equal((await fetch(`${red.url}/goodpart/${path}`, post)).status, 401, path);
    await as('reader', 'goodpart.read');
    assert.equal(await status('camera/camera/live'), 200);
    assert.equal(await status('camera/camera/live/picture'), 404);
    for (const path of doing) assert.equal(await status(path, post), 401, path);
    assert.equal(await status('cameras/simulator'), 401);
    await as('engineer');
    // a foreign page's form cannot send JSON
    assert.equal(await status('camera/camera/picture', { method: 'POST', body: 'a=b' }), 415);
    assert.equal((await look()).counters.exposed, 0);
  });

  it('know nothing of what does not run, whatever it is called', async () => {
    const hostile = [
      'other',
      'station',
      '__proto__',
      'constructor',
      '..%2f..%2fsettings',
      '%00',
      'a'.repeat(4_000),
      '%F0%9F%92%A9',
    ];
    for (const id of hostile) {
      for (const path of ['live', 'live/picture'])
        assert.equal(await status(`camera/${id}/${path}`), 404, `${id} ${path}`);
      for (const path of ['picture', 'settings'])
        assert.equal(await status(`camera/${id}/${path}`, post), 404, `${id} ${path}`);
      assert.equal(await status(`cameras/${id}`), 404, id);
    }
    const { message } = (await (await red.request('goodpart/camera/other/live')).json()) as { message: string };
    assert.match(message, /deploy it first/);
  });

  it('show the picture that was taken by the button, and taking another one is not theirs', async () => {
    const { number } = await red.json<{ number: number }>('goodpart/camera/camera/picture', post);
    assert.equal(number, 1);
    const { frame, figures, ageMs, status: state } = await lookUntil('it is shown', ({ figures }) => figures !== null);
    assert.deepEqual([frame!.number, frame!.width, frame!.height, frame!.bitDepth], [1, 800, 600, 8]);
    assert.ok(ageMs! > 0 && Math.abs(Date.now() - Date.parse(frame!.exposedUtc) - ageMs!) < 1_000);
    assert.match(state.text, /simulated line/);
    for (const { bins } of figures!.histogram.channels) {
      assert.equal(bins.length, 64);
      assert.ok(Math.abs(bins.reduce((sum, share) => sum + share, 0) - 1) < 1e-9);
    }
    const response = await red.request('goodpart/camera/camera/live/picture');
    assert.deepEqual(
      [response.headers.get('content-type'), response.headers.get('x-goodpart-frame')],
      ['image/jpeg', '1'],
    );
    const { width, height } = await sharp(Buffer.from(await response.arrayBuffer())).metadata();
    assert.deepEqual([width, height], [640, 480]);
    await Promise.all(Array.from({ length: 50 }, look));
    assert.equal((await look()).counters.exposed, 1);
    const { settings } = await red.json<{ settings: object }>('goodpart/camera/camera/settings', post);
    assert.deepEqual(settings, { simulated: true, seed: 1, defectRate: 0.1 });
  });

  it('show the last inspected picture, and take none while a part is being inspected', async () => {
    const { counters } = await look();
    await red.request('inject/go', { method: 'POST' });
    let taken = 0;
    const refusal = await until('it is refused', async () => {
      const response = await red.request('goodpart/camera/camera/picture', post);
      if (response.ok) taken += 1; // the inspection was not open yet
      return response.ok ? null : { status: response.status, body: (await response.json()) as { message: string } };
    });
    assert.equal(refusal.status, 400);
    assert.match(refusal.body.message, /A part is being inspected/);
    const inspected = counters.exposed + taken + 1;
    const { frame } = await lookUntil('the inspected picture', ({ frame }) => frame?.number === inspected);
    assert.equal(frame!.encoding, 'raw');
    assert.equal((await look()).counters.exposed, inspected);
    // no node judges it: the deadline closes it
    const { number } = await until('it is closed', async () => {
      const response = await red.request('goodpart/camera/camera/picture', post);
      return response.ok ? ((await response.json()) as { number: number }) : null;
    });
    assert.equal(number, inspected + 1);
  });

  it('find what can be found', async () => {
    const { found } = await red.json<{ found: { name: string; settings: object }[] }>('goodpart/cameras/simulator');
    assert.deepEqual(
      found.map(({ name, settings }) => ({ name, settings })),
      [{ name: 'Simulated line, 640 x 480', settings: { kind: 'simulator', width: 640, height: 480, seed: 1 } }],
    );
    assert.equal(await status('cameras/folder'), 404);
  });

  it('say of a camera that could not start that its status says why', async () => {
    await red.deploy([...flow, { ...flow[3], id: 'second' }], 'nodes');
    await until('it was tried', async () => (await status('camera/second/live')) === 409);
    assert.equal(await status('camera/camera/live'), 200);
  });

  it('end with the node', async () => {
    await red.deploy(
      flow.filter(({ id }) => id !== 'camera'),
      'nodes',
    );
    assert.equal(await status('camera/camera/live'), 404);
    assert.equal(await status('camera/camera/picture', post), 404);
  });
});
