import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const part = (name: string) => readFileSync(join(__dirname, 'page', name), 'utf8');

const read = new Map<string, { frame: string; style: string; script: string }>();

/** A fresh value for the Content-Security-Policy of one answer. */
export function newNonce(): string {
  return randomBytes(18).toString('base64url');
}

/** The policy under which the page runs: nothing but its own style and script, and data from where it came. */
export function contentSecurityPolicy(nonce: string): string {
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    "connect-src 'self'",
    "img-src 'self' blob: data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
  ].join('; ');
}

/**
 * The station overview: one self-contained HTML page that holds no data and fetches `overview.json` beside it each second.
 * `nonce` marks its style and script for the Content-Security-Policy; letters, digits, `-` and `_` only.
 */
export function overviewPage(nonce = newNonce()): string {
  return fixedPage('overview', nonce);
}

/** A page of `page/` by its name: frame, style and script in one, which fetches its data by itself. Throws TypeError for a nonce that is none. */
export function fixedPage(name: 'overview' | 'belt', nonce = newNonce()): string {
  if (!/^[A-Za-z0-9_-]+$/.test(nonce)) throw new TypeError('A nonce is letters, digits, - and _');
  const parts = read.get(name) ?? {
    frame: part(`${name}.html`),
    style: part(`${name}.css`),
    script: part(`${name}.js`),
  };
  read.set(name, parts);
  const { frame, style, script } = parts;
  return frame
    .replace('<!--style-->', () => `<style nonce="${nonce}">${style}</style>`)
    .replace('<!--script-->', () => `<script nonce="${nonce}">${script.replaceAll('</', '<\\/')}</script>`);
}
