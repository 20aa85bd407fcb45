import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { answered, type Handler, serveChild } from '../../lib/process/serve-child.ts';
import { spawnTool } from '../../lib/process/spawn-tool.ts';
import { answersFd } from '../../lib/process/thread-answers.ts';

/** A child that misbehaves on request. Its first argument is what goes wrong at the start; the second a file to write to. */
const [atStart = '', file = ''] = process.argv.slice(2);
let eventsHeard = 0;
let thread: Worker | undefined;
/** Whoever waits for the thread, in the order it was asked. */
const asked: ((done: boolean) => void)[] = [];

function busyFor(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

function garbage(kind: string): Buffer {
  const framed = (text: string) => {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(Buffer.byteLength(text));
    return Buffer.concat([head, Buffer.from(text)]);
  };
  if (kind === 'oversized') return Buffer.from([0x7f, 0xff, 0xff, 0xff]);
  if (kind === 'null') return framed('null');
  if (kind === 'kindless') return framed('{"sizes":[]}');
  if (kind === 'slots') return framed('{"id":1,"kind":"reply","type":"x","body":null,"sizes":[9],"slots":[0]}');
  if (kind === 'negative') return framed('{"id":1,"kind":"reply","type":"x","body":null,"sizes":[-1]}');
  return Buffer.concat([Buffer.from([0, 0, 0, 16]), Buffer.from('nonsense, not JSON')]);
}

const handlers: Record<string, Handler> = {
  echo: (body, payloads) => ({ body, payloads }),
  digest: async (ms: number, payloads) => {
    await new Promise((resolve) => setTimeout(resolve, ms));
    return { body: payloads.map((payload) => createHash('sha256').update(payload).digest('hex')) };
  },
  count: () => ({ body: eventsHeard }),
  note: () => {
    eventsHeard += 1;
    return undefined;
  },
  never: () => new Promise(() => {}),
  busy: (body: number) => {
    busyFor(body);
    return undefined;
  },
  exit: (body: number) => process.exit(body),
  abort: () => process.abort(),
  refuse: () => {
    throw Object.assign(new Error('the pump is dry'), { code: 'EPUMP' });
  },
  circular: () => {
    const body: { self?: unknown } = {};
    body.self = body;
    return { body };
  },
  flood: (body: number) => {
    for (let i = 0; i < body; i++) process.stderr.write(`line ${i} ${'x'.repeat(1_000)}\n`);
    return undefined;
  },
  /** Answered by a thread; what it will not answer comes from here, with a word. */
  thread: async (body, payloads, request) => {
    thread ??= new Worker(join(__dirname, 'fixture-thread.js')).on('message', (done: boolean) => asked.shift()?.(done));
    thread.postMessage({ request, body, payloads });
    const done = await new Promise((resolve) => asked.push(resolve));
    return done ? answered : { body: 'too large', payloads };
  },
  threadGarbage: () => {
    writeSync(answersFd, garbage('json'));
    return answered;
  },
  garbage: (body: string) => {
    writeSync(3, garbage(body));
    return undefined;
  },
  signals: () => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(process.pid, signal);
    return new Promise((resolve) => setTimeout(resolve, 50, { body: 'still here' }));
  },
  grandchild: () => {
    spawn('sleep', ['20'], { stdio: 'inherit', detached: true }).unref();
    process.exit(3);
  },
};

if (atStart === 'throw') throw new Error('the licence file is missing');
if (atStart === 'silent') setInterval(() => {}, 1_000);
else {
  const parent = serveChild(handlers, {
    start: async () => {
      if (atStart === 'busy-later') setTimeout(busyFor, 100, 60_000);
      if (atStart === 'tool') {
        const tool = spawnTool({ name: 'a camera tool', command: 'sleep', args: ['60'], package: 'coreutils' });
        writeFileSync(file, String(tool.pid));
      }
      if (atStart === 'reject') throw new Error('the device is taken');
    },
    stop: async () => {
      if (atStart === 'ignore-stop') await new Promise(() => {});
      if (file && atStart !== 'tool') appendFileSync(file, 'stopped\n');
    },
    orphaned: async () => {
      if (!file || atStart === 'tool') return;
      for (let i = 0; i < 20; i++) {
        console.error(`words that nobody reads ${i}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      appendFileSync(file, 'orphaned\n');
    },
  });
  parent.tell('hello', { args: process.argv.slice(2) }, [Buffer.from('bytes')]);
}
