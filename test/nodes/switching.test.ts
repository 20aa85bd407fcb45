import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../lib/core/clock.ts';
import type { Inspection } from '../../lib/core/inspection.ts';
import { frameFrom } from '../../lib/node-red/messages.ts';
import { findStation } from '../../lib/node-red/stations.ts';
import type { Station } from '../../lib/station/station.ts';
import { type FlowRunner, onEachNodeRed } from '../kit/flows.ts';
import { greyPicture, saveTestRecipe, testLimits, writeTestModel } from '../kit/models.ts';
import { childrenNamed } from '../kit/processes.ts';
import { imageFlow, startStations } from '../kit/station-flow.ts';
import { until } from '../kit/until.ts';

const everyMs = 50;
const most = 6;

/** What is no pass, and why. */
const unusual = (closed: Inspection[]) =>
  closed.flatMap(({ verdict, reasons }) => (verdict === 'pass' ? [] : [`${verdict}: ${reasons[0]?.text}`]));

/** The image flow with so many recipes kept loaded, and a trigger node for commands. */
function flowKeeping(keepLoaded: number): object[] {
  const flow = imageFlow('station1', { maxOpen: most }).map((node) =>
    'type' in node && node.type === 'goodpart-model' ? { ...node, keepLoaded } : node,
  );
  const trigger = { id: 'commands', z: 'station1-tab', type: 'goodpart-trigger', station: 'station1-station' };
  return [...flow, { ...trigger, source: 'message', wires: [[], []] }];
}

/** Pictures at an even pace until `stop`, and what became of them. */
function line(runner: FlowRunner, station: Station) {
  const opened = new Map<string, number>();
  const unready: string[] = [];
  let sent = 0;
  const accept = station.accept.bind(station);
  station.accept = (request) => {
    const answer = accept(request);
    if (answer.refused) unready.push(answer.text);
    else opened.set(answer.inspection.id, station.recipes.active()?.version ?? 0);
    return answer;
  };
  const pace = setInterval(() => {
    // a machine that others keep busy may be slower than the pace: that is no gap
    if (station.snapshot().open >= most) return;
    sent += 1;
    runner.node('station1-score').receive({ payload: greyPicture(40, 60) });
  }, everyMs);
  return {
    opened,
    unready,
    sent: () => sent,
    stop: () => {
      clearInterval(pace);
      station.accept = accept;
    },
  };
}

/** Says a command to the trigger node; resolves with its status, rejects with its error. */
function command(runner: FlowRunner, topic: string, payload?: unknown): Promise<string> {
  const node = runner.node('commands');
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const onStatus = ({ args: [{ fill, text }] }: { args: [{ fill: string; text: string }] }) =>
    fill === 'red' ? undefined : resolve(text);
  const onError = ({ args: [error] }: { args: [Error] }) => reject(error);
  node.on('call:status', onStatus as never);
  node.on('call:error', onError as never);
  node.receive({ topic, payload });
  return promise.finally(() => {
    node.off('call:status', onStatus as never);
    node.off('call:error', onError as never);
  });
}

onEachNodeRed('versions that change while parts come 20 times a second', (runner) => {
  it('cost no part: none refused, none invalid, each judged by the version it was opened under', async () => {
    const [{ station, closed }] = await startStations(runner(), flowKeeping(2));
    const models = join(runner().userDir, 'goodpart', 'models');
    for (const version of ['2', '3', '4']) {
      await saveTestRecipe(station, await writeTestModel(models, { version }));
    }
    const ready: boolean[] = [];
    station.on('snapshot', ({ status, open }: ReturnType<Station['snapshot']>) =>
      ready.push(status.ready || open >= most),
    );
    const parts = line(runner(), station);
    try {
      // three have to be loaded, the others are warm
      const order = [2, 3, 4, ...Array.from({ length: 17 }, (_, n) => 3 + (n % 2))];
      for (const version of order) {
        // the trigger node's status comes at a bearable rate: three times are enough to show its way
        if (version === 2 || parts.sent() < 20) {
          assert.equal(await command(runner(), 'recipe', { recipe: 1, version }), `recipe 1 version ${version}`);
        } else await station.switchTo(1, { version, by: 'test' });
        const before = closed.length;
        await until('a part under it', () => closed.length > before, { everyMs: 5 });
      }
    } finally {
      parts.stop();
    }
    assert.deepEqual(parts.unready, []);
    await until('all verdicts', () => closed.length === parts.sent());
    assert.ok(!ready.includes(false), 'ready all the while');
    assert.deepEqual(unusual(closed), []);
    for (const { id, recipe, views } of closed) {
      assert.equal(recipe?.version, parts.opened.get(id));
      assert.equal(views[0].score?.model.version, String(recipe?.version));
    }
    assert.equal(new Set(closed.map(({ recipe }) => recipe?.version)).size, 4);
    await until('two versions stay loaded', () => childrenNamed('engine').length === 2);
  }).timeout(60_000);

  it('leave a part that has no picture yet to the model that it was opened under, still loaded, which then goes', async () => {
    const [{ station, closed }] = await startStations(runner(), flowKeeping(1));
    const [former] = childrenNamed('engine');
    const models = join(runner().userDir, 'goodpart', 'models');
    await saveTestRecipe(station, await writeTestModel(models, { version: '2' }));
    const now = systemClock.mono();
    const opened = station.accept({ triggerId: 0, partId: 'early', expectedRecipe: 0, source: 'message', at: now });
    assert.ok(!opened.refused);
    const shown: string[] = [];
    const onStatus = ({ args: [{ text }] }: { args: [{ text: string }] }) => shown.push(text);
    runner()
      .node('station1-score')
      .on('call:status', onStatus as never);
    await station.switchTo(1, { version: 2 });
    await until('the other one is the node’s', () => shown.includes('brightness version 2'));
    const { id } = opened.inspection;
    const frame = await frameFrom(greyPicture(40, 60), systemClock, []);
    station.addFrame(id, 'main', frame, null);
    runner()
      .node('station1-score')
      .receive({ inspection: station.describe(id, 'main') });
    await until('its verdict', () => closed.length === 1);
    assert.deepEqual([closed[0].verdict, closed[0].recipe?.version], ['pass', 1]);
    assert.equal(closed[0].views[0].score?.model.version, '1');
    assert.ok(childrenNamed('engine').includes(former), 'it was not loaded anew');
    await until('it goes', () => !childrenNamed('engine').includes(former));
  });

  it('are refused where the model is damaged: one sentence, the former stays live and ready', async () => {
    const [{ station, closed }] = await startStations(runner(), flowKeeping(1));
    const models = join(runner().userDir, 'goodpart', 'models');
    await saveTestRecipe(station, await writeTestModel(models, { version: '2' }));
    const file = join(models, 'brightness', '2', 'model.onnx');
    const bytes = readFileSync(file);
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(file, bytes);
    const parts = line(runner(), station);
    try {
      await assert.rejects(command(runner(), 'recipe', { recipe: 1, version: 2 }), {
        code: 'GP_SWITCH_FAILED',
        message: /^No change to recipe 1 version 2: Expected .* for .*sha256/,
      });
      assert.deepEqual([station.recipes.active()?.version, station.faults(), station.preparing], [1, [], null]);
      const before = closed.length;
      await until('parts go on', () => closed.length > before + 3);
    } finally {
      parts.stop();
    }
    assert.deepEqual(parts.unready, []);
    assert.deepEqual(unusual(closed), []);
    await until('nothing of it stays', () => childrenNamed('engine').length === 1);
  });
});

onEachNodeRed('a version in shadow', (runner) => {
  const shadowChild = () => childrenNamed('engine shadow')[0];

  it('is compared beside the live one, and killed or stopped it touches nothing but its figures', async () => {
    const [{ station, closed }] = await startStations(runner(), flowKeeping(1));
    const models = join(runner().userDir, 'goodpart', 'models');
    const other = await writeTestModel(models, { name: 'other' });
    // 60 is severity 0.07 by the live limits and 1.25 by these
    await saveTestRecipe(station, other, { limits: { median: 10, warn: 40, fail: 50 } });
    const trouble: string[] = [];
    runner()
      .node('station1-score')
      .on('call:warn' as 'call:error', (({ args: [text] }: { args: [string] }) => trouble.push(text)) as never);
    assert.equal(await command(runner(), 'shadow', { recipe: 1, version: 2 }), 'recipe 1 version 2 in shadow');
    const parts = line(runner(), station);
    const figures = () => station.shadow!.figures;
    try {
      await until('comparisons', () => figures().onlyShadowRejects >= 5);
      assert.notEqual(shadowChild(), undefined);
      const dropped = figures().notCompared;
      process.kill(shadowChild(), 'SIGKILL');
      await until('it is told', () => trouble.some((text) => /^Shadow: .*SIGKILL/.test(text)));
      await until('dropped ones are counted', () => figures().notCompared > dropped);
      const compared = figures().onlyShadowRejects;
      await until('it comes back', () => figures().onlyShadowRejects > compared && station.shadow?.trouble === null);

      const frozen = shadowChild();
      process.kill(frozen, 'SIGSTOP');
      await until('it is told', () => /gave no score within|frames are waiting/.test(station.shadow?.trouble ?? ''));
      const before = closed.length;
      await until('live goes on', () => closed.length > before + 5);
      process.kill(frozen, 'SIGCONT');
      const then = figures().onlyShadowRejects;
      await until('it goes on', () => figures().onlyShadowRejects > then);
    } finally {
      parts.stop();
    }
    await until('all verdicts', () => closed.length === parts.sent());
    assert.deepEqual(parts.unready, []);
    assert.deepEqual(station.faults(), []);
    assert.deepEqual(unusual(closed), []);
    assert.equal(station.snapshot().counters.pass, closed.length);
    assert.equal(station.shadow?.disagreements[0].shadow.severity?.toFixed(2), '1.25');
    const { compared } = station.shadow!.summary;
    assert.ok(compared + figures().notCompared <= closed.length);

    assert.match(await command(runner(), 'promote'), /^Recipe 1 version 2 is live instead of version 1\. In shadow: /);
    await until('its child goes', () => shadowChild() === undefined);
    runner()
      .node('station1-score')
      .receive({ payload: greyPicture(40, 60) });
    const last = await until('a verdict', () => closed.find(({ recipe }: Inspection) => recipe?.version === 2));
    assert.equal(last.verdict, 'fail');
    assert.match(await command(runner(), 'rollback'), /^Recipe 1 version 1 is live instead of version 2/);
    assert.equal(station.recipes.active()?.version, 1);
    await assert.rejects(command(runner(), 'rollback'), { code: 'GP_SWITCH_REFUSED' });
    await assert.rejects(command(runner(), 'shadow', 'two'), { message: /number of a recipe, or {recipe, version}/ });
  });

  it('with the live one’s model needs no second run: only limits differ', async () => {
    const [{ station, model, closed }] = await startStations(runner(), flowKeeping(3));
    await saveTestRecipe(station, model, { limits: { ...testLimits, warn: 52, fail: 55 } });
    station.chooseShadow(1, { version: 2 });
    for (const spot of [51, 60]) {
      const before = closed.length;
      runner()
        .node('station1-score')
        .receive({ payload: greyPicture(40, spot) });
      await until('a verdict', () => closed.length > before);
    }
    const { figures } = await until('both', () => {
      const shadow = station.shadow;
      return shadow && shadow.summary.compared === 2 ? shadow : null;
    });
    assert.deepEqual([figures.bothAccept, figures.onlyShadowRejects, figures.notCompared], [1, 1, 0]);
    assert.equal(shadowChild(), undefined);
  });

  it('and its figures are there after a restart, and it is compared again', async () => {
    const [{ station, closed }] = await startStations(runner(), flowKeeping(1));
    const models = join(runner().userDir, 'goodpart', 'models');
    await saveTestRecipe(station, await writeTestModel(models, { name: 'other' }));
    station.chooseShadow(1, { version: 2, by: 'anna', why: 'trial' });
    const score = () =>
      runner()
        .node('station1-score')
        .receive({ payload: greyPicture(40, 60) });
    score();
    await until('a comparison', () => station.shadow?.figures.bothAccept === 1);
    const before = station.shadow;
    assert.equal(closed.length, 1);
    await runner().stop();
    await runner().start(flowKeeping(1));
    const again = await until('the station', () => findStation('line1', 'station1'));
    assert.deepEqual(again.shadow, before);
    assert.equal(again.versions().activations[0].by, 'test');
    await until('it can take a part', () => again.credit() > 0);
    score();
    await until('another comparison', () => again.shadow?.figures.bothAccept === 2);
  });
});
