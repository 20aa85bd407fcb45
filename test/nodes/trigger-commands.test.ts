import assert from 'node:assert/strict';
import { onEachNodeRed } from '../kit/flows.ts';
import { imageFlow, startStations } from '../kit/station-flow.ts';
import { until } from '../kit/until.ts';

const trigger = {
  id: 'trigger',
  z: 'station1-tab',
  type: 'goodpart-trigger',
  station: 'station1-station',
  source: 'message',
  wires: [[], []],
};

onEachNodeRed('what people tell a station through a trigger node', (runner) => {
  it('sets its mode and its active recipe, and says what it cannot do', async () => {
    const [{ station }] = await startStations(runner(), [...imageFlow(), trigger]);
    const tell = (topic: string, payload: unknown) => runner().node('trigger').receive({ topic, payload });
    tell('mode', 'shadow');
    await until('shadow', () => station.mode === 'shadow');
    tell('recipe', 0);
    await until('no recipe', () => station.recipes.active() === null);
    tell('recipe', 1);
    await until('recipe 1', () => station.recipes.active()?.number === 1);

    const errors: string[] = [];
    runner()
      .node('trigger')
      .on('call:error', (call: { firstArg: unknown }) => errors.push(String(call.firstArg)));
    for (const payload of [9, 'one']) tell('recipe', payload);
    tell('mode', 'fast');
    await until('three errors', () => errors.length === 3);
    assert.match(errors.join('\n'), /one of 1 for recipe but received 9/);
    assert.match(errors.join('\n'), /the number of a recipe, or {recipe, version} for msg.payload but received "one"/);
    assert.match(errors.join('\n'), /"run", "shadow" or "offline" for msg.payload but received "fast"/);
    assert.equal(station.recipes.active()?.number, 1);
    assert.equal(station.mode, 'shadow');
  });
});
