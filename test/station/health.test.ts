import assert from 'node:assert/strict';
import { Health } from '../../lib/station/health.ts';
import { accept, frame, openRig, request } from './kit.ts';

describe('station: what is not there yet (fault code 0)', () => {
  const cases: ['camera' | 'engine' | 'evidence', string | null, number][] = [
    ['camera', 'cameraNotReady', 66],
    ['engine', 'engineNotReady', 67],
    ['evidence', null, 0],
  ];
  for (const [kind, refusal, notReadyReason] of cases) {
    it(`${kind}: not ok, no fault, ${refusal === null ? 'ready all the same' : `refused as ${refusal}`}`, async () => {
      const rig = await openRig();
      rig.station.setHealth('it', kind, false, 0, 'is being loaded');
      const { status, health, faultCode, ne107, ...rest } = rig.station.snapshot();
      assert.deepEqual([status.fault, faultCode, ne107], [false, 0, 0]);
      assert.equal(health[`${kind}Ok`], false);
      assert.deepEqual([status.ready, rest.notReadyReason], [refusal === null, notReadyReason]);
      const answer = rig.station.accept(request(rig.time));
      assert.equal(answer.refused ? answer.reason : null, refusal);
      if (answer.refused) assert.match(answer.text, /is being loaded/);
      rig.station.setHealth('it', kind, true, 0, '');
      assert.deepEqual([rig.station.snapshot().health[`${kind}Ok`], rig.station.credit() > 0], [true, true]);
    });
  }

  it('becomes a fault when it fails, is awaited again when it is started anew, and is one of the two only', () => {
    const health = new Health();
    assert.equal(health.set('m', 'engine', false, 0, 'loading'), true);
    assert.equal(health.set('m', 'engine', false, 0, 'loading'), false, 'nothing new');
    assert.equal(health.set('m', 'engine', false, 0, 'loading, second try'), true);
    assert.equal(health.set('m', 'engine', false, 201, 'it ended'), true);
    assert.deepEqual([health.faults()[0].code, health.obstacle()?.key], [201, 'engineNotReady']);
    assert.equal(health.set('m', 'engine', false, 0, 'loading'), true);
    assert.deepEqual([health.faults(), health.ok('engine')], [[], false]);
    assert.equal(health.set('m', 'engine', true, 0, ''), true);
    assert.equal(health.set('m', 'engine', true, 0, ''), false, 'nothing new');
    assert.deepEqual([health.ok('engine'), health.obstacle()], [true, null]);
  });

  it('names a fault before what is only awaited, and keeps two sources apart', () => {
    const health = new Health();
    health.set('a', 'camera', false, 0, 'opening');
    health.set('b', 'engine', false, 202, 'broken');
    assert.match(health.obstacle()?.text ?? '', /broken/);
    assert.equal(health.forget('b'), true);
    assert.match(health.obstacle()?.text ?? '', /opening/);
    assert.equal(health.forget('a'), true);
    assert.deepEqual([health.obstacle(), health.forget('a')], [null, false]);
  });

  it('does not touch a part that is open already', async () => {
    const rig = await openRig();
    const id = accept(rig);
    rig.station.setHealth('m', 'engine', false, 0, 'loading');
    assert.equal(rig.station.addFrame(id, 'main', frame(rig.time), 'cam'), true);
    assert.equal(rig.station.snapshot().open, 1);
  });
});
