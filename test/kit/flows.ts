import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeAPI } from 'node-red';
import { resources } from '../../lib/node-red/resources.ts';
import { repositoryRoot } from './needs.ts';
import { tempDir } from './temp.ts';

interface Helper {
  init(path: string, settings?: object): void;
  settings(settings: object): void;
  startServer(): Promise<void>;
  stopServer(): Promise<void>;
  load(nodes: unknown[], flow: object[], credentials?: object): Promise<void>;
  unload(): Promise<void>;
  getNode(id: string): FlowNode | null;
  setFlows(flow: object[], type?: string): Promise<void>;
}

/** A deployed node as the tests see it. */
export interface FlowNode {
  id: string;
  receive(message: object): void;
  on(event: 'input' | 'call:status' | 'call:error', listener: (message: never) => void): void;
  off(event: string, listener: (message: never) => void): void;
}

const { NodeTestHelper } = require('node-red-node-test-helper') as { NodeTestHelper: new () => Helper };

/** The compiled runtime halves of all nodes. */
function ourNodes(): ((RED: NodeAPI) => void)[] {
  const folder = join(repositoryRoot, 'dist/nodes');
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => require(join(folder, name, `${name}.js`)).default);
}

/** Flow literals in one Node-RED runtime, in this process. */
export class FlowRunner {
  readonly userDir: string;
  readonly #helper: Helper;

  constructor(runtimePath: string) {
    this.userDir = tempDir('flows');
    this.#helper = new NodeTestHelper();
    this.#helper.init(runtimePath);
    this.#helper.settings({ userDir: this.userDir, logging: { console: { level: 'off' } } });
  }

  /** Starts a flow; after `stop`, in a new life of the same userDir. */
  async start(flow: object[], credentials: object = {}): Promise<void> {
    await this.#helper.load(ourNodes(), flow, credentials);
  }

  /** A deploy: "full" starts every node anew, "nodes" only what changed. */
  deploy(flow: object[], type: 'full' | 'nodes' = 'full'): Promise<void> {
    return this.#helper.setFlows(flow, type);
  }

  node(id: string): FlowNode {
    const node = this.#helper.getNode(id);
    if (node === null) throw new Error(`There is no node ${id}`);
    return node;
  }

  /** Collects what arrives at a `helper` node of the flow. */
  collect(id: string): Record<string, unknown>[] {
    const messages: Record<string, unknown>[] = [];
    this.node(id).on('input', (message: Record<string, unknown>) => messages.push(message));
    return messages;
  }

  /** Ends the flow and everything that was kept warm for the next deploy. */
  async stop(): Promise<void> {
    await this.#helper.unload();
    await resources.settle();
  }
}

const runtimes = [
  ['Node-RED 5', 'node-red'],
  ['Node-RED 4.1', 'node-red-4'],
] as const;

/** Declares the same suite for each supported Node-RED. */
export function onEachNodeRed(title: string, suite: (runner: () => FlowRunner) => void): void {
  for (const [name, module] of runtimes) {
    describe(`${title} on ${name}`, () => {
      let runner: FlowRunner;
      beforeEach(() => {
        runner = new FlowRunner(require.resolve(module));
      });
      afterEach(() => runner.stop());
      suite(() => runner);
    });
  }
}
