import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ResultJson, resultSchema } from '../../lib/station/result-json.ts';
import { type StatusJson, statusSchema } from '../../lib/station/status-json.ts';
import { Mosquitto, mosquittoIsThere, Subscriber } from '../kit/mosquitto.ts';
import { needs, repositoryRoot } from '../kit/needs.ts';
import { type FlowNode, NodeRed, releases } from '../kit/node-red.ts';
import { userDirWithCheckout } from '../kit/packed.ts';
import { prepareStation } from '../kit/prepared-station.ts';
import { until } from '../kit/until.ts';

const topics = {
  result: 'goodpart/line1/station1/vision/result',
  status: 'goodpart/line1/station1/vision/status',
};

/** Results that can be on their way at once on a line of this pace. */
const mostInFlight = 5;

interface Overview {
  stations: { counters: { total: number } }[];
}

/** The example as it is shipped, on this broker and for a station that has learned already: `prepareStation`. */
function exampleFlow(port: number, change: (node: FlowNode) => object = () => ({})): FlowNode[] {
  const text = readFileSync(join(repositoryRoot, 'examples/05-mqtt.json'), 'utf8').replaceAll('line5', 'line1');
  const learned: Record<string, object> = {
    'gp5-broker': { port: `${port}` },
    'gp5-start': { once: false },
    'gp5-camera': { simWidth: 64, simHeight: 64, encoding: 'raw', intervalMs: 100, wires: [['gp5-score']] },
  };
  const nodes = (JSON.parse(text) as FlowNode[]).filter(({ id }) => id !== 'gp5-scene');
  return nodes.map((node) => ({ ...node, ...learned[node.id], ...change(node) }));
}

for (const release of releases) {
  describe(`MQTT by the example flow in ${release}`, function () {
    this.timeout(240_000);
    const broker = new Mosquitto();
    let red: NodeRed;
    let all: Subscriber;

    before(async function () {
      needs(this, 'mosquitto with its clients', mosquittoIsThere());
      await broker.start();
      all = new Subscriber(broker.port, 'goodpart/#', 'all');
      const userDir = userDirWithCheckout();
      await prepareStation(userDir);
      red = await new NodeRed({
        release,
        userDir,
        settings: { mqttReconnectTime: 500 },
      }).start();
      await red.deploy(exampleFlow(broker.port));
    });
    after(async () => {
      all?.stop();
      await red?.stop();
      broker.signal('SIGCONT');
      await broker.stop();
    });

    const results = () =>
      all.heard.filter(({ topic }) => topic === topics.result).map(({ text }) => JSON.parse(text) as ResultJson);
    const statuses = () =>
      all.heard.filter(({ topic }) => topic === topics.status).map(({ text }) => JSON.parse(text) as StatusJson);
    const total = async () => (await red.json<Overview>('goodpart/overview.json')).stations[0].counters.total;
    const moreResults = async (count: number, timeoutMs = 60_000) => {
      const before = results().length;
      await until(`${count} more results`, () => results().length >= before + count, { timeoutMs });
    };
    /**
     * Every result of the ledger came, in order and once. Where a connection broke, Node-RED's MQTT node may have dropped what was on its
     * way, or the broker may have sent it again: a few for each break.
     */
    const assertWhole = ({ broken = 0 } = {}) => {
      const ids = results().map(({ id }) => id);
      const came = results().filter(({ id }, i) => ids.indexOf(id) === i);
      const sequences = came.map(({ sequence }) => sequence);
      assert.deepEqual(
        sequences,
        sequences.toSorted((a, b) => a - b),
      );
      const again = ids.length - came.length;
      const missing = (sequences.at(-1) ?? 0) - sequences[0] + 1 - sequences.length;
      assert.ok(again <= broken * mostInFlight, `${again} came again`);
      assert.ok(missing <= broken * mostInFlight, `${missing} are missing`);
    };
    const retainedStatus = async (): Promise<StatusJson> => {
      const late = new Subscriber(broker.port, topics.status);
      try {
        const { text, retained } = await until('the retained status', () => late.heard[0]);
        assert.equal(retained, true);
        return JSON.parse(text);
      } finally {
        late.stop();
      }
    };

    it('publishes each result once and in order, with what the schema promises, and the status as it changes', async () => {
      const inspected = () => results().filter(({ verdict }) => verdict !== 'invalid');
      await until('it inspects', () => inspected().length >= 10, { timeoutMs: 60_000 });
      for (const result of results()) assert.deepEqual(resultSchema.parse(result), result);
      for (const status of statuses()) assert.deepEqual(statusSchema.parse(status), status);
      assertWhole();
      assert.deepEqual(new Set(all.heard.map(({ topic }) => topic)), new Set(Object.values(topics)));
      assert.ok(all.heard.every(({ qos }) => qos === 1));
      const [first] = inspected();
      assert.deepEqual([first.line, first.station, first.simulated, first.mode], ['line1', 'station1', true, 'run']);
      assert.ok(first.models[0].sha256.length === 64 && first.rois.length > 0 && first.recipe !== null);
      const states = statuses().map(({ state }) => state);
      assert.ok(states.includes('not-ready') && states.at(-1) === 'ready', states.join(' '));
      const journal = join(red.userDir, 'goodpart/stations/line1/station1/evidence/journal/000000000001.ndjson');
      const { id } = results()[0];
      await until('its record is found by the same id', () => readFileSync(journal, 'utf8').includes(`"id":"${id}"`));
    });

    it('has a retained status for who comes later', async () => {
      const status = await retainedStatus();
      assert.deepEqual([status.state, status.mode, status.ready, status.station], ['ready', 'run', true, 'station1']);
      assert.equal(status.software?.package, '@goodpart/node-red-inspection');
    });

    it('tells of parts whose message was lost: not inspected, with the reason', async () => {
      const cut = (node: FlowNode) => (node.id === 'gp5-score' ? { wires: [[]] } : {});
      await red.deploy(exampleFlow(broker.port, cut), 'nodes');
      const lost = await until('one that ended by its deadline', () =>
        results().find(({ reasons }) => reasons.some(({ key }) => key === 'deadline')),
      );
      assert.deepEqual([lost.verdict, lost.code, lost.accept], ['invalid', 4, false]);
      await red.deploy(exampleFlow(broker.port), 'nodes');
      await until('parts are inspected again', () => results().at(-1)?.verdict !== 'invalid');
      assertWhole();
    });

    it('keeps inspecting while the broker is stopped, and what was closed meanwhile comes when it is back', async () => {
      await broker.stop();
      const before = await total();
      await until('parts were inspected', async () => (await total()) >= before + 15);
      await broker.start();
      await moreResults(20);
      assertWhole({ broken: 1 });
      assert.equal((await retainedStatus()).state, 'ready');
    });

    it('never waits for a broker that stands still', async () => {
      broker.signal('SIGSTOP');
      const before = await total();
      await until('parts were inspected', async () => (await total()) >= before + 20);
      broker.signal('SIGCONT');
      await moreResults(25);
      assertWhole({ broken: 2 });
    });

    it('loses and doubles nothing over deploys', async () => {
      for (let n = 0; n < 4; n++) {
        const renamed = (node: FlowNode) => (node.id === 'gp5-report' ? { name: `${n}` } : {});
        await red.deploy(exampleFlow(broker.port, renamed), n % 2 ? 'full' : 'nodes');
        await moreResults(3);
      }
      assertWhole({ broken: 6 });
    });

    it('is told as gone by the last will after a SIGKILL, and as there again, nothing twice', async () => {
      const beforeKill = results().length;
      await red.kill();
      await until('gone', async () => (await retainedStatus()).state === 'gone');
      const gone = await retainedStatus();
      assert.deepEqual(statusSchema.parse(gone), gone);
      await red.start();
      await until('there again', async () => (await retainedStatus()).state === 'ready', { timeoutMs: 60_000 });
      await moreResults(5);
      const since = results().slice(beforeKill);
      assert.equal(new Set(since.map(({ id }) => id)).size, since.length);
      const sequences = since.map(({ sequence }) => sequence);
      assert.deepEqual(
        sequences,
        sequences.toSorted((a, b) => a - b),
      );
    });

    it('is told as gone at an orderly end too', async () => {
      await red.stop();
      assert.equal((await retainedStatus()).state, 'gone');
    });
  });
}
