import { createHash, X509Certificate } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GoodpartError } from '../core/errors.ts';

/** A certificate for people. Texts come from whoever made it: hostile, shortened, one line. */
export interface CertificateView {
  /** SHA-256 of the certificate, hex: names it in every request. */
  id: string;
  /** SHA-1 of the certificate, hex, as OPC UA clients show it. */
  thumbprint: string;
  subject: string;
  /** Application URI, '' where it has none. */
  uri: string;
  validFrom: string;
  validTo: string;
  /** When it was last refused, or trusted; ISO. */
  seen: string;
}

export interface PkiView {
  /** As a server; null before the first start. */
  own: CertificateView | null;
  /** As a client of PLCs. */
  ownClient: CertificateView | null;
  trusted: CertificateView[];
  rejected: CertificateView[];
}

const ownFiles = { server: 'certificate.pem', client: 'client_certificate.pem' };
export type Owner = keyof typeof ownFiles;

export const ownCertificateFile = (pkiDir: string, owner: Owner = 'server') =>
  join(pkiDir, 'own/certs', ownFiles[owner]);
export const trustedFolder = (pkiDir: string) => join(pkiDir, 'trusted/certs');
export const rejectedFolder = (pkiDir: string) => join(pkiDir, 'rejected');

/** A flood of unknown certificates leaves the newest of them. */
export const maxRejected = 50;
const maxListed = 200;
const maxFileBytes = 64 * 1024;
const maxTextLength = 200;
const idPattern = /^[0-9a-f]{64}$/;

interface StoredCertificate {
  path: string;
  view: CertificateView;
}

const hex = (algorithm: 'sha1' | 'sha256', der: Buffer) => createHash(algorithm).update(der).digest('hex');

const oneLine = (text: string) =>
  [...text.replaceAll('\n', ', ')]
    .filter((char) => char >= ' ' && char !== '\u007f')
    .join('')
    .slice(0, maxTextLength);

const iso = (date: string) => (Number.isNaN(Date.parse(date)) ? '' : new Date(date).toISOString());

function viewOf(certificate: X509Certificate, seen: Date): CertificateView {
  const { raw, subject, subjectAltName = '', validFrom, validTo } = certificate;
  return {
    id: hex('sha256', raw),
    thumbprint: hex('sha1', raw).toUpperCase(),
    subject: oneLine(subject ?? ''),
    uri: oneLine(/(?:^|, )URI:([^,]*)/.exec(subjectAltName)?.[1] ?? ''),
    validFrom: iso(validFrom),
    validTo: iso(validTo),
    seen: seen.toISOString(),
  };
}

/** Null where the file is not there, too large or no certificate. */
async function readCertificate(path: string): Promise<{ certificate: X509Certificate; mtime: Date } | null> {
  try {
    const file = await open(path, 'r');
    try {
      const { size, mtime } = await file.stat();
      if (size === 0 || size > maxFileBytes) return null;
      return { certificate: new X509Certificate(await file.readFile()), mtime };
    } finally {
      await file.close();
    }
  } catch {
    return null;
  }
}

async function listFolder(folder: string): Promise<StoredCertificate[]> {
  const names = await readdir(folder).catch(() => []);
  const found: StoredCertificate[] = [];
  for (const name of names.slice(0, maxListed)) {
    const path = join(folder, name);
    const read = await readCertificate(path);
    if (read !== null) found.push({ path, view: viewOf(read.certificate, read.mtime) });
  }
  return found.sort((a, b) => b.view.seen.localeCompare(a.view.seen));
}

/** Everything in the folder, newest first. Missing folders are empty ones. */
export async function readPki(pkiDir: string): Promise<PkiView> {
  const ownView = async (owner: Owner) => {
    const own = await readCertificate(ownCertificateFile(pkiDir, owner));
    return own && viewOf(own.certificate, own.mtime);
  };
  const views = async (folder: string) => (await listFolder(folder)).map(({ view }) => view);
  return {
    own: await ownView('server'),
    ownClient: await ownView('client'),
    trusted: await views(trustedFolder(pkiDir)),
    rejected: await views(rejectedFolder(pkiDir)),
  };
}

/** This application's certificate; null before the first start. */
export async function ownCertificate(pkiDir: string, owner: Owner = 'server'): Promise<X509Certificate | null> {
  return (await readCertificate(ownCertificateFile(pkiDir, owner)))?.certificate ?? null;
}

/** Lets this certificate in at its next attempt. Rejects with GP_INPUT_INVALID where it is not there. */
export function trustCertificate(pkiDir: string, id: string): Promise<void> {
  return move(rejectedFolder(pkiDir), trustedFolder(pkiDir), id);
}

/** Refuses this certificate from now on; a server ends its open connections at its next look. Rejects with GP_INPUT_INVALID where it is not there. */
export async function distrustCertificate(pkiDir: string, id: string): Promise<void> {
  await move(trustedFolder(pkiDir), rejectedFolder(pkiDir), id);
  await keepNewest(rejectedFolder(pkiDir));
}

/** Forgets a refused certificate; one that is trusted is distrusted first. Rejects with GP_INPUT_INVALID where it is not there. */
export async function deleteCertificate(pkiDir: string, id: string): Promise<void> {
  for (const { path } of await find(rejectedFolder(pkiDir), id)) await rm(path, { force: true });
}

/** Notes a certificate that was refused, and when; the oldest ones go. DER of one certificate, already parsed once. */
export async function noteRejected(pkiDir: string, certificate: X509Certificate): Promise<void> {
  const folder = rejectedFolder(pkiDir);
  if (certificate.raw.length > maxFileBytes / 2) return;
  const path = join(folder, fileName(hex('sha1', certificate.raw)));
  const now = new Date();
  if (await stat(path).catch(() => null)) {
    await utimes(path, now, now);
    return;
  }
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(`${path}.part`, certificate.toString());
  await rename(`${path}.part`, path);
  await keepNewest(folder);
}

/** What somebody copied to the trusted ones by hand is no longer a refused one. */
export async function forgetTrusted(pkiDir: string): Promise<void> {
  const trusted = new Set((await listFolder(trustedFolder(pkiDir))).map(({ view }) => view.id));
  for (const { path, view } of await listFolder(rejectedFolder(pkiDir))) {
    if (trusted.has(view.id)) await rm(path, { force: true });
  }
}

const fileName = (thumbprint: string) => `${thumbprint.toLowerCase()}.pem`;

async function find(folder: string, id: string): Promise<StoredCertificate[]> {
  const found = idPattern.test(id) ? (await listFolder(folder)).filter(({ view }) => view.id === id) : [];
  if (found.length === 0) throw new GoodpartError('GP_INPUT_INVALID', 'This certificate is not there any more');
  return found;
}

async function move(from: string, to: string, id: string): Promise<void> {
  const [{ path, view }, ...copies] = await find(from, id);
  await mkdir(to, { recursive: true, mode: 0o700 });
  const now = new Date();
  await utimes(path, now, now);
  // our own name: the old one may be a stranger's, and may be taken there
  await rename(path, join(to, fileName(view.thumbprint)));
  for (const copy of copies) await rm(copy.path, { force: true });
}

async function keepNewest(folder: string): Promise<void> {
  const aged: { path: string; at: number }[] = [];
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const about = await stat(path).catch(() => null);
    if (about?.isFile()) aged.push({ path, at: about.mtimeMs });
  }
  aged.sort((a, b) => b.at - a.at);
  for (const { path } of aged.slice(maxRejected)) await rm(path, { force: true });
}
