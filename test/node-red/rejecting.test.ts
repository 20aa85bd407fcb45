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
    };`,
  );
  const dialog = (type: string) =>
    `<script>RED.nodes.registerType('${type}', { category: 'test', defaults: {} });</script>`;
  writeFileSync(join(nodes, 'plain.html'), dialog('plain-faulty'));
  writeFileSync(join(nodes, 'kit.html'), ['kit-faulty', 'kit-faulty-start', 'kit-faulty-close'].map(dialog).join('\n'));
  return userDir;
}

const inject = (to: string): FlowNode[] => [
  { id: 'page', type: 'tab', label: 'faulty' },
  { id: 'source', z: 'page', type: 'inject', once: true, onceDelay: '0.1', repeat: '0.2', props: [], wires: [[to]] },
];

for (const release of releases) {
  describe(`a handler that rejects, in ${release}`, function () {
    this.timeout(60_000);
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
  });
}
