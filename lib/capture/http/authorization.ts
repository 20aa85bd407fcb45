import { createHash, randomBytes } from 'node:crypto';
import { GoodpartError } from '../../core/errors.ts';
import type { HttpCredentials } from './settings.ts';

/** What a request is, as far as a digest covers it. */
export interface Asked {
  method: string;
  /** Path and query, as in the request line. */
  path: string;
}

type Challenge = Record<string, string>;

const hashes: Record<string, string> = { MD5: 'md5', 'SHA-256': 'sha256', 'SHA-512-256': 'sha512-256' };

/**
 * The `Authorization` of each request. Basic and bearer know theirs at once, digest (RFC 7616, qop auth) from the challenge that
 * came with the first 401 on; one nonce serves many requests. Nothing thrown here holds a secret.
 */
export class Authorization {
  readonly #credentials: HttpCredentials;
  #challenge: Challenge | undefined;
  #count = 0;

  constructor(credentials: HttpCredentials) {
    this.#credentials = credentials;
  }

  /** Undefined where none is known yet, or none wanted. */
  header(asked: Asked): string | undefined {
    const credentials = this.#credentials;
    switch (credentials.scheme) {
      case 'none':
        return undefined;
      case 'basic':
        return `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')}`;
      case 'bearer':
        return `Bearer ${credentials.token}`;
      case 'digest':
        return this.#challenge && this.#digest(this.#challenge, credentials, asked);
    }
  }

  /**
   * Takes a 401's `WWW-Authenticate` headers. True where the request is worth another try: a first challenge, or a nonce that
   * has become stale. Throws GP_SOURCE_FAILED for a challenge that cannot be answered.
   */
  challenged(headers: readonly string[]): boolean {
    if (this.#credentials.scheme !== 'digest') return false;
    const before = this.#challenge;
    const challenges = headers.flatMap(digestChallenges);
    if (challenges.length === 0) {
      throw refused('a digest challenge', 'another kind of login; choose basic or another one');
    }
    const usable = challenges.find(isUsable);
    if (usable === undefined) {
      const { algorithm = 'MD5', qop = 'none' } = challenges[0];
      throw refused('a digest challenge of MD5 or SHA-256 with qop auth', `${algorithm} with qop ${qop}`);
    }
    this.#challenge = usable;
    this.#count = 0;
    return before === undefined || /^true$/i.test(usable.stale ?? '') || before.nonce !== usable.nonce;
  }

  #digest(challenge: Challenge, { user, password }: { user: string; password: string }, asked: Asked): string {
    const { realm = '', nonce = '', opaque, qop, algorithm = 'MD5' } = challenge;
    const session = /-sess$/i.test(algorithm);
    const hash = (text: string) => createHash(hashes[hashName(algorithm)]).update(text).digest('hex');
    const cnonce = randomBytes(16).toString('hex');
    const nc = (++this.#count).toString(16).padStart(8, '0');
    const login = hash(`${user}:${realm}:${password}`);
    const first = session ? hash(`${login}:${nonce}:${cnonce}`) : login;
    const second = hash(`${asked.method}:${asked.path}`);
    const response = qop
      ? hash(`${first}:${nonce}:${nc}:${cnonce}:auth:${second}`)
      : hash(`${first}:${nonce}:${second}`);
    const fields = [
      `username=${quoted(user)}`,
      `realm=${quoted(realm)}`,
      `nonce=${quoted(nonce)}`,
      `uri=${quoted(asked.path)}`,
      `response="${response}"`,
      `algorithm=${algorithm}`,
      ...(opaque === undefined ? [] : [`opaque=${quoted(opaque)}`]),
      ...(qop || session ? [`cnonce="${cnonce}"`] : []),
      ...(qop ? ['qop=auth', `nc=${nc}`] : []),
    ];
    return `Digest ${fields.join(', ')}`;
  }
}

const hashName = (algorithm: string) => algorithm.replace(/-sess$/i, '').toUpperCase();

/** Bytes of UTF-8, as browsers and curl send them; control characters would end the header. */
function quoted(text: string): string {
  const bytes = [...Buffer.from(text).toString('latin1')].filter((char) => char >= ' ' && char !== '\x7f').join('');
  return `"${bytes.replace(/["\\]/g, '\\$&')}"`;
}

function isUsable({ algorithm = 'MD5', qop, nonce }: Challenge): boolean {
  const auth = qop === undefined || qop.split(',').some((each) => each.trim().toLowerCase() === 'auth');
  return hashes[hashName(algorithm)] !== undefined && auth && nonce !== undefined;
}

/** The digest challenges of a header, which may hold several of several kinds. */
function digestChallenges(header: string): Challenge[] {
  return header
    .split(/(?:^|,)\s*(?=[A-Za-z][\w-]*\s+[\w-]+\s*=)/)
    .filter((part) => /^digest\s/i.test(part))
    .map((part) => {
      const fields: Challenge = {};
      for (const [, key, text, word] of part.slice(7).matchAll(/([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g)) {
        fields[key.toLowerCase()] = text === undefined ? word : text.replace(/\\(.)/g, '$1');
      }
      return fields;
    });
}

const refused = (expected: string, received: string) =>
  new GoodpartError('GP_SOURCE_FAILED', `Expected ${expected} from the camera but received ${received}`, {
    field: 'auth',
    expected,
    received,
  });
