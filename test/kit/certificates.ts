import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempDir } from './temp.ts';

const newKey = ['-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];

/** An authority of our own made by openssl, and the certificates that it signs. */
export class Authority {
  /** Path of its PEM file. */
  readonly file: string;
  readonly #dir = tempDir('authority');
  #made = 0;

  constructor() {
    this.file = join(this.#dir, 'ca.pem');
    const subject = ['-subj', '/CN=test authority', '-days', '2'];
    this.#openssl('req', '-x509', ...newKey, ...subject, '-keyout', join(this.#dir, 'ca.key'), '-out', this.file);
  }

  /** `names`: as in subjectAltName, e.g. `IP:127.0.0.1`. With `days` 0 it has expired one second later. */
  sign(names: string, days = 2): { key: string; cert: string } {
    const path = (kind: string) => join(this.#dir, `${this.#made}.${kind}`);
    this.#made += 1;
    writeFileSync(path('ext'), `subjectAltName=${names}\n`);
    this.#openssl('req', '-new', ...newKey, '-subj', '/CN=server', '-keyout', path('key'), '-out', path('csr'));
    const by = ['-CA', this.file, '-CAkey', join(this.#dir, 'ca.key'), '-CAcreateserial', '-days', String(days)];
    this.#openssl('x509', '-req', '-in', path('csr'), ...by, '-extfile', path('ext'), '-out', path('pem'));
    return { key: readFileSync(path('key'), 'utf8'), cert: readFileSync(path('pem'), 'utf8') };
  }

  #openssl(...args: string[]): void {
    execFileSync('openssl', args, { stdio: 'ignore' });
  }
}
