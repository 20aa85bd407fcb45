import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { OpcUaSettings } from './settings.ts';

export type UserRole = 'observer' | 'operator';
type User = OpcUaSettings['users'][number];

/** So many wrong passwords in a row cost nothing: people mistype. */
const freeTries = 3;
const firstPauseMs = 1000;
const maxPauseMs = 8000;
/** Names that are no users and whose wrong passwords are remembered all the same; and how long a name may be. */
const maxStrangers = 100;
const maxNameLength = 100;
/** Logins of one name that may wait for their turn; more are refused at once. */
const maxWaiting = 4;

interface Tries {
  wrong: number;
  waiting: number;
  turn: Promise<void>;
}

/**
 * The users of one endpoint. Passwords are compared in constant time, whether the name is known or not. After a few wrong
 * passwords in a row the next answer for that name, right or wrong, comes later and later, one at a time.
 */
export class Users {
  readonly #users: readonly User[];
  readonly #salt = randomBytes(16);
  readonly #tries = new Map<string, Tries>();
  readonly #pause: (ms: number) => Promise<void>;

  constructor(
    users: readonly User[],
    pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms).unref()),
  ) {
    this.#users = users;
    this.#pause = pause;
  }

  /** Null where there is no such user. */
  roleOf(name: string): UserRole | null {
    return this.#users.find((user) => user.name === name)?.role ?? null;
  }

  /** Whether this is the user's password. Never rejects. */
  async isUser(name: string, password: string): Promise<boolean> {
    if (name.length > maxNameLength) return false;
    const tries = this.#triesOf(name);
    if (tries.waiting >= maxWaiting) return false;
    tries.waiting += 1;
    const before = tries.turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    tries.turn = promise;
    await before;
    if (tries.wrong >= freeTries) {
      await this.#pause(Math.min(maxPauseMs, firstPauseMs * 2 ** (tries.wrong - freeTries)));
    }
    const known = this.#matches(name, password);
    tries.wrong = known ? 0 : tries.wrong + 1;
    tries.waiting -= 1;
    resolve();
    return known;
  }

  #triesOf(name: string): Tries {
    const tries = this.#tries.get(name) ?? { wrong: 0, waiting: 0, turn: Promise.resolve() };
    this.#tries.delete(name);
    this.#tries.set(name, tries);
    if (this.#tries.size > maxStrangers + this.#users.length) {
      const oldest = [...this.#tries].find(
        ([stranger, { waiting }]) => waiting === 0 && this.roleOf(stranger) === null,
      );
      if (oldest !== undefined) this.#tries.delete(oldest[0]);
    }
    return tries;
  }

  #matches(name: string, password: string): boolean {
    const digest = (text: string) => createHash('sha256').update(this.#salt).update(text).digest();
    const given = [digest(name), digest(password)];
    let known = false;
    for (const user of this.#users) {
      const sameName = timingSafeEqual(digest(user.name), given[0]);
      const samePassword = timingSafeEqual(digest(user.password), given[1]);
      if (sameName && samePassword) known = true;
    }
    return known;
  }
}
