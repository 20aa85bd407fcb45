import { systemClock } from '../../core/clock.ts';
import { asGoodpartError, GoodpartError } from '../../core/errors.ts';
import { Backoff } from '../../process/backoff.ts';
import type { Ran } from '../score-reply.ts';
import type { TensorInput } from '../session.ts';
import type { Security } from './connection.ts';
import { Replica, type Served } from './replica.ts';
import type { CheckedKServe } from './settings.ts';

/** What is known of the servers of one model. */
export interface Health {
  total: number;
  healthy: number;
  /** Not asked for the first time yet. */
  opening: number;
  /** Of those that are left out, each its reason; empty where there is none. */
  text: string;
}

interface Member {
  replica: Replica;
  state: 'opening' | 'healthy' | 'sick';
  reason: GoodpartError | undefined;
  backoff: Backoff;
  since: number;
  /** When it last answered, for the look at an idle one. */
  answered: number;
  timer: NodeJS.Timeout | undefined;
}

const backoff = { minMs: 200, maxMs: 10_000, resetAfterMs: 30_000 };
const quickMs = 1_000;
/** So many in a row that no deadline waited for: it hangs. */
const lateUntilSick = 3;

/**
 * The servers of one model. Each frame goes to the healthy one with the least to do; one that fails is left out and asked again with
 * growing pauses, and the frame goes to another as long as its deadline allows.
 */
export class Replicas {
  readonly #members: Member[];
  readonly #settings: CheckedKServe;
  readonly #admitMs: number;
  readonly #onHealth: (health: Health) => void;
  #turn = 0;
  #closed = false;
  #told = '';

  constructor(
    { settings, security, served }: { settings: CheckedKServe; security: Security; served: Served },
    o: { admitMs: number; onHealth: (health: Health) => void },
  ) {
    this.#settings = settings;
    this.#admitMs = o.admitMs;
    this.#onHealth = o.onHealth;
    this.#members = settings.urls.map((url) => ({
      replica: new Replica(url, security, served),
      state: 'opening',
      reason: undefined,
      backoff: new Backoff(backoff),
      since: systemClock.mono(),
      answered: 0,
      timer: undefined,
    }));
  }

  /** Resolves with the provider as soon as one server can be used; the others follow. Rejects when none can: they go on being asked. */
  async open(): Promise<string> {
    const healthy = this.#members.find(({ state }) => state === 'healthy');
    if (healthy) return healthy.replica.provider;
    const opening = this.#members.filter(({ state }) => state === 'opening');
    if (opening.length === 0) throw this.#unusable();
    try {
      return await Promise.any(
        opening.map(async (member) => {
          await this.#admit(member);
          if (member.state !== 'healthy') throw member.reason;
          return member.replica.provider;
        }),
      );
    } catch {
      throw this.#unusable();
    }
  }

  close(): void {
    this.#closed = true;
    for (const { replica, timer } of this.#members) {
      clearTimeout(timer);
      replica.close();
    }
  }

  health(): Health {
    const count = (wanted: Member['state']) => this.#members.filter(({ state }) => state === wanted).length;
    const text = this.#members.flatMap(({ state, reason }) => (state === 'sick' && reason ? [reason.message] : []));
    return { total: this.#members.length, healthy: count('healthy'), opening: count('opening'), text: text.join('; ') };
  }

  /** Runs the model once, `deadline` being a monotonic instant. Rejects with GP_SERVER_FAILED or GP_SERVER_TIMEOUT, never later than that. */
  async run(tensor: TensorInput, deadline: number): Promise<Ran> {
    const began = systemClock.mono();
    const tried = new Set<Member>();
    let failure: GoodpartError | undefined;
    for (;;) {
      const left = deadline - systemClock.mono();
      if (left <= 0)
        throw failure ?? new GoodpartError('GP_SERVER_TIMEOUT', 'No time was left to ask an inference server');
      const member = this.#next(tried);
      if (member === undefined) throw failure ?? this.#unusable();
      tried.add(member);
      const { replica } = member;
      try {
        const outputs = await replica.infer(tensor, Math.min(left, this.#settings.timeoutMs));
        member.answered = systemClock.mono();
        replica.late = 0;
        return { outputs, began, ended: member.answered, provider: replica.provider };
      } catch (thrown) {
        failure = asGoodpartError(thrown, 'GP_SERVER_FAILED');
        const cut = failure.code === 'GP_SERVER_TIMEOUT' && left < this.#settings.timeoutMs;
        if (cut) replica.late += 1;
        // a short deadline says little of the server
        if (!cut || replica.late >= lateUntilSick) this.#leaveOut(member, failure);
      }
    }
  }

  /** The healthy one with the least under way; those that were late of late count as busier, equals take turns. */
  #next(tried: ReadonlySet<Member>): Member | undefined {
    const usable = this.#members.filter((member) => member.state === 'healthy' && !tried.has(member));
    const load = ({ replica }: Member) => replica.inFlight + replica.late;
    const least = Math.min(...usable.map(load));
    const equals = usable.filter((member) => load(member) === least);
    return equals[this.#turn++ % equals.length];
  }

  #unusable(): GoodpartError {
    const reasons = this.#members.flatMap(({ reason }) => reason ?? []);
    const [first] = reasons;
    if (first !== undefined && this.#members.length === 1) return first;
    const code = reasons.length > 0 && reasons.every((one) => one.code === 'GP_MODEL_INVALID');
    const text = `None of ${this.#members.length} inference servers can be used: ${this.health().text}`;
    return new GoodpartError(code ? 'GP_MODEL_INVALID' : 'GP_SERVER_FAILED', text, { cause: first });
  }

  async #admit(member: Member): Promise<void> {
    try {
      await member.replica.admit(Math.max(quickMs, this.#settings.timeoutMs), this.#admitMs);
      if (this.#closed) return;
      member.state = 'healthy';
      member.reason = undefined;
      member.since = systemClock.mono();
      member.answered = member.since;
      this.#watch(member);
      this.#tell();
    } catch (thrown) {
      this.#leaveOut(member, asGoodpartError(thrown, 'GP_SERVER_FAILED'));
    }
  }

  #leaveOut(member: Member, reason: GoodpartError): void {
    if (this.#closed) return;
    // other frames that were under way there fail too: one pause for all
    if (member.state === 'sick' && member.timer !== undefined) return;
    const ran = member.state === 'healthy' ? systemClock.mono() - member.since : 0;
    member.state = 'sick';
    member.reason = reason;
    clearTimeout(member.timer);
    member.timer = setTimeout(() => {
      member.timer = undefined;
      void this.#admit(member);
    }, member.backoff.next(ran));
    this.#tell();
  }

  /** Looks at a server that has nothing to do, so that its loss is known before the next part comes. */
  #watch(member: Member): void {
    clearTimeout(member.timer);
    member.timer = setTimeout(async () => {
      const idle = member.replica.inFlight === 0 && systemClock.mono() - member.answered >= this.#settings.idleMs;
      try {
        if (idle) await member.replica.ready(this.#settings.timeoutMs);
        if (!this.#closed && member.state === 'healthy') this.#watch(member);
      } catch (thrown) {
        if (member.state === 'healthy') this.#leaveOut(member, asGoodpartError(thrown, 'GP_SERVER_FAILED'));
      }
    }, this.#settings.idleMs);
  }

  #tell(): void {
    const health = this.health();
    const key = JSON.stringify(health);
    if (key === this.#told) return;
    this.#told = key;
    this.#onHealth(health);
  }
}
