import type { DispositionLine } from './disposition.ts';
import { LineQueue, type Unkept } from './line-queue.ts';
import type { RefusalRecord } from './refusal.ts';

interface Options {
  /** Whether the station's store can take something now. */
  ready: (key: string) => boolean;
  request: (type: string, body: object) => Promise<{ body: unknown }>;
  onLost: (key: string, id: string, why: string) => void;
}

/** What is written beside the journal: the parent's queues of refusals and of dispositions. */
export class Notes {
  readonly refusals: LineQueue<RefusalRecord>;
  readonly dispositions: LineQueue<DispositionLine>;

  constructor({ request, ...o }: Options) {
    const send = async (type: string, key: string, lines: object[]) => {
      const { body } = await request(type, { key, lines });
      return body as Unkept[];
    };
    this.refusals = new LineQueue({ what: 'refusals', ...o, send: (key, lines) => send('refusals', key, lines) });
    this.dispositions = new LineQueue({
      what: 'dispositions',
      ...o,
      send: (key, lines) => send('dispositions', key, lines),
    });
  }

  countOf(key?: string): number {
    return this.refusals.countOf(key) + this.dispositions.countOf(key);
  }

  drop(why: string, key?: string): void {
    this.refusals.drop(why, key);
    this.dispositions.drop(why, key);
  }

  pump(): void {
    this.refusals.pump();
    this.dispositions.pump();
  }
}
