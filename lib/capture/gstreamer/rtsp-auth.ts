import { createHash, randomBytes } from 'node:crypto';

export interface Login {
  user: string;
  password: string;
}

/** What a server asks for: Basic (RFC 7617) or Digest (RFC 2617 and 7616). */
export interface Challenge {
  scheme: 'basic' | 'digest';
  realm: string;
  nonce: string;
  opaque: string | null;
  algorithm: 'MD5' | 'SHA-256';
  /** RFC 2069 servers name none. */
  qop: boolean;
}

/** The strongest scheme of the WWW-Authenticate lines that we can answer; null where there is none. */
export function chooseChallenge(lines: readonly string[]): Challenge | null {
  const found = lines.map(parseChallenge).filter((challenge) => challenge !== null);
  const rank = ({ scheme, algorithm }: Challenge) => (scheme === 'basic' ? 0 : algorithm === 'MD5' ? 1 : 2);
  return found.sort((a, b) => rank(b) - rank(a))[0] ?? null;
}

function parseChallenge(line: string): Challenge | null {
  const [, scheme = '', rest = ''] = /^\s*(\w+)\s*(.*)$/s.exec(line) ?? [];
  const value = (name: string) => {
    const found = new RegExp(`(?:^|[,\\s])${name}=(?:"([^"]*)"|([^,\\s]*))`, 'i').exec(rest);
    return found === null ? null : (found[1] ?? found[2]);
  };
  const realm = value('realm') ?? '';
  if (/^basic$/i.test(scheme)) {
    return { scheme: 'basic', realm, nonce: '', opaque: null, algorithm: 'MD5', qop: false };
  }
  const algorithm = (value('algorithm') ?? 'MD5').toUpperCase();
  const nonce = value('nonce');
  if (!/^digest$/i.test(scheme) || nonce === null || (algorithm !== 'MD5' && algorithm !== 'SHA-256')) return null;
  const words = (value('qop') ?? '').split(/[,\s]+/);
  const qop = words.includes('auth');
  if (!qop && words.some((word) => word !== '')) return null;
  return { scheme: 'digest', realm, nonce, opaque: value('opaque'), algorithm, qop };
}

/** Answers challenges; counts the uses of a nonce. */
export class Authorizer {
  readonly challenge: Challenge;
  readonly #login: Login;
  #uses = 0;

  constructor(challenge: Challenge, login: Login) {
    this.challenge = challenge;
    this.#login = login;
  }

  /** The value of the Authorization header of one request. */
  header(method: string, uri: string, cnonce: string = randomBytes(8).toString('hex')): string {
    const { scheme, realm, nonce, opaque, algorithm, qop } = this.challenge;
    const { user, password } = this.#login;
    if (scheme === 'basic') return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
    const hash = (text: string) =>
      createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
        .update(text)
        .digest('hex');
    const count = (++this.#uses).toString(16).padStart(8, '0');
    const secret = hash(`${user}:${realm}:${password}`);
    const request = hash(`${method}:${uri}`);
    const response = hash(
      qop ? `${secret}:${nonce}:${count}:${cnonce}:auth:${request}` : `${secret}:${nonce}:${request}`,
    );
    const quoted = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`;
    const parts = [
      `username=${quoted(user)}`,
      `realm=${quoted(realm)}`,
      `nonce=${quoted(nonce)}`,
      `uri=${quoted(uri)}`,
      `response="${response}"`,
      ...(algorithm === 'MD5' ? [] : [`algorithm=${algorithm}`]),
      ...(opaque === null ? [] : [`opaque=${quoted(opaque)}`]),
      ...(qop ? ['qop=auth', `nc=${count}`, `cnonce="${cnonce}"`] : []),
    ];
    return `Digest ${parts.join(', ')}`;
  }
}
