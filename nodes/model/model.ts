import { join } from 'node:path';
import type { NodeAPI } from 'node-red';
import { defineNode } from '../../lib/node-red/define-node.ts';
import { resources } from '../../lib/node-red/resources.ts';
import { dataFolder } from '../../lib/node-red/stations.ts';
import { ModelStore } from '../../lib/scoring/model-store.ts';
import { config } from './config.ts';
import { engineOf } from './make-engine.ts';
import { ModelRunner } from './model-runner.ts';

/** As TensorRT’s own limit for a plan. */
const longestBuildMs = 40 * 60_000;

/** One engine child for each model node: what it keeps warm survives a deploy that leaves the node unchanged. */
export default function register(RED: NodeAPI): void {
  defineNode(RED, config, async (kit) => {
    const { model, version } = kit.config;
    const store = new ModelStore(join(dataFolder(RED), 'models'));
    const choice = engineOf(kit.config, kit.credentials, dataFolder(RED));
    const lease = await resources.take(`engine ${kit.id} ${JSON.stringify({ model, version })} ${choice.key}`, {
      group: `engine ${kit.id}`,
      create: async () => {
        const engine = choice.make();
        engine.setMaxListeners(0); // every node that scores with it
        return { engine, runner: new ModelRunner(engine, store, { name: model, version }) };
      },
      destroy: ({ engine }) => engine.stop(),
    });
    kit.onClose(() => lease.release());
    // not in the key: another number must not end what is loaded
    lease.value.runner.keepLoaded = kit.config.keepLoaded;
    // TensorRT may build a plan first, which takes minutes on a small device
    lease.value.runner.loadMs = kit.config.engine === 'tensorrt' ? longestBuildMs : kit.config.timeoutMs;
    return { offers: lease.value };
  });
}
