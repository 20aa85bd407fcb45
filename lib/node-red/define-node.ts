import type { Node, NodeAPI, NodeDef } from 'node-red';
import { asGoodpartError, GoodpartError, invalidParameter } from '../core/errors.ts';
import { type NodeConfig, readConfig, type ValuesOf } from './config/config.ts';
import type { Message, Send } from './messages.ts';
import { type StatusColour, StatusLine } from './status.ts';

/** What a node's `start` gets. */
export interface NodeKit<C> {
  readonly RED: NodeAPI;
  readonly id: string;
  /** Validated, migrated, typed. */
  readonly config: C;
  readonly credentials: Record<string, string>;
  status(colour: StatusColour, text: string): void;
  warn(text: string): void;
  log(text: string): void;
  /** Sends without an input message: free-running sources, timers, progress. Never throws. */
  send: Send;
  /** Shows and logs what went wrong outside of an input message. Never throws. */
  report(thrown: unknown): void;
  /** What the configuration node `id` of that type offers, once it has started. Rejects with a sentence naming `field`. */
  use<T>(field: string, type: string, id: string): Promise<T>;
  /** Runs when the node is closed, last registered first. */
  onClose(work: () => void | Promise<void>): void;
}

/** What a node is once it has started. */
export interface RunningNode {
  input?: (message: Message, send: Send) => Promise<void> | void;
  /** Configuration nodes: what others get by `kit.use`. */
  offers?: unknown;
}

const closeLimitMs = 10_000;
/** Messages that may wait for a node that is still starting. */
const mostWaiting = 100;
const offered = new WeakMap<object, { type: string; offers: Promise<unknown> }>();

/**
 * The one way to define a node. Configuration is checked when deployed and refused in one sentence; `start` may be
 * asynchronous, input waits for it; whatever `start`, `input` or a close throws or rejects ends in one funnel
 * (status → log → done) and never in Node-RED's process, which an unhandled rejection would end (law 5). Closing is
 * awaited, bounded and undoes what `start` registered, also when `start` fails half way.
 */
export function defineNode<C extends NodeConfig>(
  RED: NodeAPI,
  config: C,
  start: (kit: NodeKit<ValuesOf<C>>) => Promise<RunningNode> | RunningNode,
): void {
  function GoodpartNode(this: Node, definition: NodeDef): void {
    RED.nodes.createNode(this, definition);
    const status = new StatusLine((value) => this.status(value));
    const cleanups: (() => void | Promise<void>)[] = [];
    let closed = false;
    let closing = false;

    const show = (error: GoodpartError) => {
      if (!closed) status.show('red', error.message);
    };
    const kit = (values: ValuesOf<C>): NodeKit<ValuesOf<C>> => ({
      RED,
      id: this.id,
      config: values,
      credentials: ((this as { credentials?: unknown }).credentials ?? {}) as Record<string, string>,
      status: (colour, text) => {
        if (!closed) status.show(colour, text);
      },
      warn: (text) => this.warn(text),
      log: (text) => this.log(text),
      send: (message) => {
        if (!closed) this.send(message as never);
      },
      report: (thrown) => {
        const error = asGoodpartError(thrown);
        show(error);
        this.error(error.message);
      },
      use: (field, type, id) => useNode(RED, field, type, id),
      onClose: (work) => {
        cleanups.push(work);
      },
    });

    const started: Promise<RunningNode> = (async () => start(kit(readConfig(config, definition as never))))();
    let running: RunningNode | undefined;
    started.then(
      (it) => {
        running = it;
      },
      (thrown: unknown) => {
        const error = asGoodpartError(thrown, 'GP_CONFIG_INVALID');
        show(error);
        if (!closed) this.error(error.message);
      },
    );
    const offers = started.then((running) => running.offers);
    offers.catch(() => {}); // whoever uses it hears of it; unused it is already reported above
    offered.set(this, { type: config.type, offers });

    let waiting = 0;
    const whenStarted = async (): Promise<RunningNode> => {
      if (waiting >= mostWaiting) {
        const text = `This node is still starting and ${waiting} messages are waiting for it: this one was dropped`;
        throw new GoodpartError('GP_INPUT_INVALID', text);
      }
      waiting += 1;
      return started.finally(() => {
        waiting -= 1;
      });
    };

    this.on('input', (message, send, done) => {
      const work = async () => {
        const { input } = running ?? (await whenStarted());
        if (!closed) await input?.(message as Message, send as Send);
      };
      work().then(
        () => done(),
        (thrown: unknown) => {
          const error = asGoodpartError(thrown);
          show(error);
          // what a close interrupts is no error of the flow: the ledger has its verdict
          done(closing ? undefined : error);
        },
      );
    });

    this.on('close', (_removed: boolean, done: () => void) => {
      closing = true;
      const work = async () => {
        await started.catch(() => {});
        closed = true;
        status.stop();
        for (const cleanup of cleanups.reverse()) {
          await Promise.resolve()
            .then(cleanup)
            .catch((thrown: unknown) => this.error(`closing: ${asGoodpartError(thrown).message}`));
        }
      };
      let limit: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        limit = setTimeout(resolve, closeLimitMs);
      });
      Promise.race([work(), late]).then(
        () => {
          clearTimeout(limit);
          closed = true;
          done();
        },
        () => done(),
      );
    });
  }
  const credentials = config.credentials();
  RED.nodes.registerType(config.type, GoodpartNode as never, credentials ? { credentials: credentials as never } : {});
}

async function useNode<T>(RED: NodeAPI, field: string, type: string, id: string): Promise<T> {
  const what = `a ${type} node that is deployed and enabled`;
  const found = id ? (RED.nodes.getNode(id) as Node | null) : null;
  const offer = found ? offered.get(found) : undefined;
  if (offer === undefined || offer.type !== type) {
    throw invalidParameter(field, what, id || 'nothing', 'GP_CONFIG_INVALID');
  }
  try {
    return (await offer.offers) as T;
  } catch (thrown) {
    const error = asGoodpartError(thrown);
    throw new GoodpartError(error.code, `${field}: ${error.message}`, { field, cause: error });
  }
}
