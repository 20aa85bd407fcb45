import assert from 'node:assert/strict';
import { onEachNodeRed } from '../kit/flows.ts';
import { greyPicture } from '../kit/models.ts';
import { imageFlow, startStations } from '../kit/station-flow.ts';
import { until } from '../kit/until.ts';

onEachNodeRed('a flow that judges pictures', (runner) => {
  it('says pass, warn and fail by the recipe’s limits, with severity and a reason', async () => {
    const [{ closed }] = await startStations(runner(), imageFlow());
    const out = runner().collect('station1-out');
    const cases = [
      { spot: 60, verdict: 'pass' },
      { spot: 170, verdict: 'warn' },
      { spot: 230, verdict: 'fail' },
    ];
    for (const [index, { spot }] of cases.entries()) {
      runner()
        .node('station1-score')
        .receive({ payload: greyPicture(40, spot), part: { id: `P${index}` } });
      await until('the verdict', () => closed.length > index);
    }
    await until('the messages', () => out.length === cases.length);
    assert.deepEqual(
      closed.map(({ verdict }) => verdict),
      cases.map(({ verdict }) => verdict),
    );
    assert.deepEqual(
      out.map(({ payload }) => payload),
      cases.map(({ verdict }) => verdict),
    );
    assert.deepEqual(
      closed.map(({ part }) => part.id),
      ['P0', 'P1', 'P2'],
    );
    assert.ok(Math.abs((closed[2].severity ?? 0) - (230 - 50) / 150) < 0.01, `severity ${closed[2].severity}`);
    assert.match(closed[2].reasons[0].text, /unlike the good parts/);
    assert.deepEqual(
      closed.map(({ sequence }) => sequence - closed[0].sequence),
      [0, 1, 2],
    );
  });

  it('judges by the ledger, whatever a flow does to the message', async () => {
    const [{ closed }] = await startStations(runner(), imageFlow());
    const scored = runner().collect('station1-scored');
    // only the edited copy goes on to the rules: the original is a defect
    runner()
      .node('station1-score')
      .receive({ payload: greyPicture(40, 230) });
    await until('a scored message', () => scored.length > 0);
    const [original] = scored;
    const inspection = original.inspection as { id: string; views: object[] };
    assert.throws(() => {
      (inspection as { verdict?: string }).verdict = 'pass';
    }, TypeError);
    const forged = {
      ...original,
      payload: 1,
      inspection: { ...inspection, verdict: 'pass', sequence: 1, views: [{ name: 'main', score: { score: 1 } }] },
    };
    runner().node('station1-rules').receive(forged);
    await until('the verdict', () => closed.length > 0);
    assert.equal(closed[0].id, inspection.id);
    assert.equal(closed[0].verdict, 'fail');
  });

  it('says invalid, never pass, when the model gives no number', async () => {
    const [{ closed }] = await startStations(runner(), imageFlow(), { nan: true });
    runner()
      .node('station1-score')
      .receive({ payload: greyPicture(40) });
    await until('the verdict', () => closed.length > 0);
    assert.equal(closed[0].verdict, 'invalid');
    assert.equal(closed[0].reasons[0].key, 'scoreNotFinite');
  });

  it('says invalid with a reason for pictures that are none, and goes on', async () => {
    const [{ closed }] = await startStations(runner(), imageFlow());
    const bad = [Buffer.alloc(0), Buffer.from('not a picture'), Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16])];
    for (const [index, payload] of bad.entries()) {
      runner().node('station1-score').receive({ payload });
      await until('the verdict', () => closed.length > index);
      assert.equal(closed[index].verdict, 'invalid');
      assert.equal(closed[index].reasons[0].key, 'imageUnreadable');
    }
    runner()
      .node('station1-score')
      .receive({ payload: greyPicture(40, 60) });
    await until('the next verdict', () => closed.length > bad.length);
    assert.equal(closed[bad.length].verdict, 'pass');
  });

  it('refuses hostile part ids at once, counts them and goes on; path-like ones are only text', async () => {
    const [{ station, closed }] = await startStations(runner(), imageFlow());
    for (const id of ['a\0b', 'x'.repeat(10_000_000)]) {
      runner()
        .node('station1-score')
        .receive({ payload: greyPicture(40, 60), part: { id } });
    }
    await until('two refusals', () => station.snapshot().counters.missed === 2);
    runner()
      .node('station1-score')
      .receive({ payload: greyPicture(40, 60), part: { id: '../../etc/passwd' } });
    await until('the verdict', () => closed.length > 0);
    assert.equal(closed[0].part.id, '../../etc/passwd');
    assert.equal(closed[0].verdict, 'pass');
    assert.equal(station.snapshot().counters.total, 1);
  });

  it('gives an inspection whose message is lost its verdict by the deadline', async () => {
    const flow = imageFlow('station1', { deadlineMs: 700 }).filter(
      (node) => !('id' in node && node.id === 'station1-rules'),
    );
    const [{ station, closed }] = await startStations(runner(), flow);
    runner()
      .node('station1-score')
      .receive({ payload: greyPicture(40, 60) });
    await until('the deadline', () => closed.length > 0);
    assert.equal(closed[0].verdict, 'invalid');
    assert.equal(closed[0].reasons[0].key, 'deadline');
    assert.equal(station.snapshot().open, 0);
    assert.equal(closed.length, 1);
  });

  it('keeps two stations of one runtime apart', async () => {
    const names = ['station1', 'station2'];
    const [one, two] = await startStations(
      runner(),
      names.flatMap((name) => imageFlow(name)),
      { stations: names },
    );
    runner()
      .node('station1-score')
      .receive({ payload: greyPicture(40, 230), part: { id: 'one' } });
    runner()
      .node('station2-score')
      .receive({ payload: greyPicture(40, 60), part: { id: 'two' } });
    await until('both verdicts', () => one.closed.length === 1 && two.closed.length === 1);
    assert.deepEqual(
      [one, two].map(({ closed: [{ part, verdict }] }) => [part.id, verdict]),
      [
        ['one', 'fail'],
        ['two', 'pass'],
      ],
    );
    // a message of the one never reaches the other's ledger
    const errors: unknown[] = [];
    runner()
      .node('station2-rules')
      .on('call:error', (call) => errors.push(call));
    runner()
      .node('station2-rules')
      .receive({ inspection: { ...one.closed[0], view: 'main' } });
    await until('an error', () => errors.length > 0);
    assert.equal(two.closed.length, 1);
  });
});
