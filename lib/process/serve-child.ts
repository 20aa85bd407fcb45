import { Socket } from 'node:net';
import { asGoodpartError, GoodpartError } from '../core/errors.ts';
import { type Message, MessageReader, writeMessage } from './framing.ts';
import { SlotReader, slotsFd } from './shared-slots.ts';

export interface Answer {
  body?: unknown;
  payloads?: Buffer[];
}

/** What a handler gives whose request a thread of this process has answered itself (`answerFromThread`). */
export const answered = Symbol('answered');

type Given = Answer | typeof answered | undefined;

/** Payloads are the handler's own until it has answered; then their memory may be used again. `request`: its number, 0 for an event. */
export type Handler = (body: never, payloads: Buffer[], request: number) => Promise<Given> | Given;

export interface ChildSide {
  /** Tells the parent something it did not ask for; silently lost when the parent is gone. */
  tell(type: string, body: unknown, payloads?: Buffer[]): void;
}

export interface ServeOptions {
  /** Runs before the child says "ready". */
  start?: (parent: ChildSide) => Promise<void>;
  /** An orderly end was asked for. The process exits when this resolves. */
  stop?: () => Promise<void>;
  /** The parent is gone without asking us to end. Default: exit at once. The process exits when this resolves. */
  orphaned?: () => Promise<void>;
}

/**
 * The child's side of `SupervisedChild`: call once, with one handler per request or event type. Ctrl-C reaches the whole
 * process group and a closed terminal too, so signals are ignored here: the parent decides, and its death ends the child.
 */
export function serveChild(handlers: Record<string, Handler>, options: ServeOptions = {}): ChildSide {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  // A child that outlives its parent may still print: nobody reads it then, and that is no reason to end
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const channel = new Socket({ fd: 3, readable: true, writable: true });
  const send = (message: Message) => {
    if (!channel.destroyed) writeMessage(channel, message);
  };
  const parent: ChildSide = {
    tell: (type, body, payloads = []) => send({ id: 0, kind: 'event', type, body, payloads }),
  };
  let ending = false;
  const end = (work: (() => Promise<void>) | undefined) => {
    if (ending) return;
    ending = true;
    const done = () => process.exit(0);
    if (work === undefined) done();
    else work().then(done, (error: unknown) => fatal(error));
  };
  const handle = async (message: Message) => {
    if (message.type === 'ping' && message.kind === 'event') return parent.tell('pong', null);
    if (message.type === 'stop' && message.kind === 'event') return end(options.stop);
    const { id } = message;
    try {
      const handler = Object.hasOwn(handlers, message.type) ? handlers[message.type] : undefined;
      if (!handler) throw new GoodpartError('GP_PROTOCOL', `Unknown request "${message.type}"`);
      const answer = await handler(message.body as never, message.payloads, id);
      if (id !== 0 && answer !== answered)
        send({ id, kind: 'reply', type: message.type, body: answer?.body ?? null, payloads: answer?.payloads ?? [] });
    } catch (thrown) {
      const error = asGoodpartError(thrown);
      if (id !== 0) send({ id, kind: 'error', type: message.type, body: error.toJSON(), payloads: [] });
      else process.stderr.write(`${message.type}: ${error.message}\n`);
    }
  };
  const slots = new SlotReader(slotsFd);
  const reader = new MessageReader(
    (message) => {
      handle(message).catch(fatal);
    },
    (slot, size) => slots.read(slot, size),
  );
  channel.on('data', (chunk: Buffer) => reader.push(chunk));
  channel.on('error', () => {});
  channel.on('close', () => end(options.orphaned));
  process.on('uncaughtException', fatal);
  process.on('unhandledRejection', fatal);
  const started = options.start?.(parent) ?? Promise.resolve();
  started.then(() => parent.tell('ready', { pid: process.pid }), fatal);
  return parent;
}

function fatal(error: unknown): never {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
}
