import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../kit/needs.ts';
import { type FlowNode, NodeRed, releases } from '../kit/node-red.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';

/** Two nodes with the same faulty handler: one written as people write it, one by `defineNode`. */
function userDirWithFaultyNodes(): string {
  const userDir = tempDir('faulty');
  const nodes = join(userDir, 'nodes');
  mkdirSync(nodes);
  const kit = (file: string) => JSON.stringify(join(repositoryRoot, 'dist/lib/node-red', file));
  writeFileSync(
    join(nodes, 'plain.js'),
    `module.exports = (RED) => RED.nodes.registerType('plain-faulty', function (definition) {
      RED.nodes.createNode(this, definition);
      this.on('input', async () => { throw new Error('no camera'); });
    });`,
  );
  writeFileSync(
    join(nodes, 'kit.js'),
    `const { defineNode } = require(${kit('define-node.js')});
    const { defineConfig } = require(${kit('config/config.js')});
    const spec = { category: 'goodpart', paletteLabel: '', color: '#fff', inputs: 1, outputs: 1, fields: {} };
    module.exports = (RED) => {
      defineNode(RED, defineConfig({ type: 'kit-faulty', ...spec }), () => ({
        input: async () => { throw new Error('no camera'); },
      }));
      defineNode(RED, defineConfig({ type: 'kit-faulty-start', ...spec }), async () => { throw new Error('no start'); });
      defineNode(RED, defineConfig({ type: 'kit-faulty-close', ...spec }), (kit) => {
        kit.onClose(async () => { throw new Error('no end'); });
        kit.onClose(() => { throw new Error('no end either'); });
        return {};
      });
      defineNode(RED, defineConfig({ type: 'kit-slow-start', ...spec }), async () => {
        await new Promise((resolve) => process.once('goodpart test', resolve));
        return { input: (message, send) => send({ payload: 'taken ' + message.payload }) };
      });
      RED.httpAdmin.get('/go-on', (_, response) => response.json(process.emit('goodpart test')));
    };`,
  );
  const dialog = (type: string) =>
    `<script>RED.nodes.registerType('${type}', { category: 'test', defaults: {} });</script>`;
  writeFileSync(join(nodes, 'plain.html'), dialog('plain-faulty'));
  writeFileSync(
    join(nodes, 'kit.html'),
    ['kit-faulty', 'kit-faulty-start', 'kit-faulty-close', 'kit-slow-start'].map(dialog).join('\n'),
  );
  return userDir;
}

const inject = (to: string): FlowNode[] => [
  { id: 'page', type: 'tab', label: 'faulty' },
  { id: 'source', z: 'page', type: 'inject', once: true, onceDelay: '0.1', repeat: '0.2', props: [], wires: [[to]] },
];

for (const release of releases) {
  describe(`a handler that rejects, in ${release}`, () => {
    let red: NodeRed;
    beforeEach(async () => {
      red = await new NodeRed({ release, userDir: userDirWithFaultyNodes() }).start();
    });
    afterEach(() => red.stop());

    it('ends Node-RED where a node is written by hand', async () => {
      await red.deploy([...inject('bad'), { id: 'bad', z: 'page', type: 'plain-faulty', wires: [[]] }]);
      await until('Node-RED ended', () => !red.running);
      assert.match(red.log, /no camera/);
    });

    it('ends in a Catch node where it is one of ours; so does a start, and a close that fails hinders no deploy', async () => {
      const flow: FlowNode[] = [
        ...inject('bad'),
        { id: 'bad', z: 'page', type: 'kit-faulty', wires: [[]] },
        { id: 'starter', z: 'page', type: 'kit-faulty-start', wires: [[]] },
        { id: 'closer', z: 'page', type: 'kit-faulty-close', wires: [[]] },
        { id: 'catcher', z: 'page', type: 'catch', scope: ['bad'], wires: [['told']] },
        {
          id: 'told',
          z: 'page',
          type: 'debug',
          active: true,
          console: true,
          complete: 'error.code',
          targetType: 'msg',
          wires: [],
        },
      ];
      await red.deploy(flow);
      await red.logged(/GP_INTERNAL/);
      await red.logged(/no start/);
      const { length } = red.log;
      await red.deploy(flow, 'full');
      await red.logged(/no end either/, { from: length });
      await red.logged(/GP_INTERNAL/, { from: length });
      assert.ok(red.running);
    });

    it('may start slowly: messages wait for it, but only so many, and what is dropped is said', async () => {
      const debug = { type: 'debug', active: true, console: true, targetType: 'msg', wires: [] };
      await red.deploy([
        { id: 'page', type: 'tab', label: 'slow' },
        { ...{ id: 'source', z: 'page', type: 'inject', once: true, props: [] }, wires: [['many']] },
        {
          ...{ id: 'many', z: 'page', type: 'function', outputs: 1, wires: [['slow']] },
          func: 'for (let i = 1; i <= 150; i++) node.send({ payload: i });',
        },
        { id: 'slow', z: 'page', type: 'kit-slow-start', wires: [['taken']] },
        { id: 'taken', z: 'page', complete: 'payload', ...debug },
        { id: 'catcher', z: 'page', type: 'catch', scope: ['slow'], wires: [['dropped']] },
        { id: 'dropped', z: 'page', complete: 'error.message', ...debug },
      ]);
      const count = (pattern: RegExp) => red.log.match(pattern)?.length ?? 0;
      const dropped = /100 messages are waiting for it: this one was dropped/g;
      await until('the last one is dropped', () => count(dropped) >= 50);
      await red.request('go-on');
      await until('those that waited are taken', () => count(/taken \d+/g) >= 100);
      assert.equal(count(/taken \d+/g), 100);
    });
  });
}
