import { X509Certificate } from 'node:crypto';
import { mkdir, readdir, rename, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { OPCUACertificateManager, StatusCode } from 'node-opcua';
import type { Opcua } from './opcua-variant.ts';
import { forgetTrusted, noteRejected, ownCertificate, ownCertificateFile } from './pki-folder.ts';

const dayMs = 24 * 60 * 60 * 1000;
const validDays = 10 * 365;
/** Renewed so long before it expires. */
const renewMs = 30 * dayMs;
const trustFolders = ['trusted/certs', 'trusted/crl', 'issuers/certs', 'issuers/crl'];
const openssl = /^(?:IP Address|DNS):(.*)$/;

export interface OwnIdentity {
  applicationUri: string;
  /** Host names and IPv4 addresses by which clients reach this server. */
  hosts: string[];
}

/** What certificate this application has, and what people must know about it; '' = nothing. */
export interface OwnCertificate {
  certificateFile: string;
  privateKeyFile: string;
  validTo: Date;
  note: string;
}

const isAddress = (host: string) => /^[\d.]+$/.test(host);

/** One after the other: endpoints of one process share the folder. */
let turn: Promise<unknown> = Promise.resolve();

/**
 * This application's certificate, made anew where there is none, where it will soon expire or where the application URI is
 * another one. The private key stays. Rejects with the system's error where the folder cannot be written.
 */
export function ownIdentity(
  opcua: Opcua,
  pkiDir: string,
  identity: OwnIdentity,
  now = Date.now(),
): Promise<OwnCertificate> {
  const made = turn.then(() => makeOwn(opcua, pkiDir, identity, now));
  turn = made.catch(() => {});
  return made;
}

async function makeOwn(opcua: Opcua, pkiDir: string, identity: OwnIdentity, now: number): Promise<OwnCertificate> {
  const { applicationUri, hosts } = identity;
  const manager = await managerOf(opcua, pkiDir);
  try {
    const certificateFile = ownCertificateFile(pkiDir);
    const old = await ownCertificate(pkiDir);
    const why = old === null ? null : reasonToRenew(old, applicationUri, now);
    if (old === null || why !== null) {
      const outputFile = `${certificateFile}.part`;
      const names = [hostname(), ...hosts].filter((host) => !isAddress(host));
      await manager.createSelfSignedCertificate({
        applicationUri,
        dns: [...new Set(names)],
        ip: [...new Set(['127.0.0.1', ...hosts.filter(isAddress)])],
        outputFile,
        subject: `/CN=Goodpart on ${hostname().replace(/[^\w.-]/g, '-')}/O=Goodpart`,
        startDate: new Date(now - dayMs), // clocks of clients may be behind
        validity: validDays,
      });
      await rename(outputFile, certificateFile);
    }
    const own = await ownCertificate(pkiDir);
    if (own === null) throw new Error(`${certificateFile} could not be read`);
    const missing = hosts.filter((host) => !namesOf(own).includes(host.toLowerCase()));
    const unnamed = missing.length > 0 ? `its certificate does not name ${missing.join(', ')}` : '';
    const renewed = why && `its certificate was renewed because ${why}: clients must trust the new one`;
    const validTo = new Date(own.validTo);
    return { certificateFile, privateKeyFile: manager.privateKey, validTo, note: renewed ?? unnamed };
  } finally {
    await manager.dispose();
  }
}

function reasonToRenew(certificate: X509Certificate, applicationUri: string, now: number): string | null {
  const uri = /(?:^|, )URI:([^,]*)/.exec(certificate.subjectAltName ?? '')?.[1];
  if (uri !== applicationUri) return 'the application URI changed';
  return Date.parse(certificate.validTo) - now < renewMs ? 'it was about to expire' : null;
}

/** When a certificate must be made anew. */
export const isDue = (validTo: Date, now = Date.now()) => validTo.getTime() - now < renewMs;

function namesOf({ subjectAltName = '' }: X509Certificate): string[] {
  return subjectAltName.split(', ').flatMap((part) => openssl.exec(part)?.[1].toLowerCase() ?? []);
}

async function managerOf(opcua: Opcua, pkiDir: string): Promise<OPCUACertificateManager> {
  await mkdir(pkiDir, { recursive: true, mode: 0o700 });
  const manager = new opcua.OPCUACertificateManager({
    rootFolder: pkiDir,
    automaticallyAcceptUnknownCertificate: false,
    // what is trusted is looked up anew at every attempt: watchers come late, or not at all where there are too many
    disableFileWatchers: true,
  });
  await manager.initialize();
  return manager;
}

/**
 * Whom to trust, as the folder says at this very moment; a refused certificate is noted there for people to look at. Chains, issuers
 * and revocation lists are the library's work; its memory of the folder is renewed whenever a file in it changed.
 */
export class PkiStore {
  referenceCounter = 0;
  readonly #opcua: Opcua;
  readonly #pkiDir: string;
  #manager: OPCUACertificateManager | undefined;
  #seen = '';
  #turn: Promise<unknown> = Promise.resolve();

  constructor(opcua: Opcua, pkiDir: string) {
    this.#opcua = opcua;
    this.#pkiDir = pkiDir;
  }

  async initialize(): Promise<void> {}

  async dispose(): Promise<void> {
    await this.#manager?.dispose();
    this.#manager = undefined;
  }

  async checkCertificate(certificate: Buffer | Buffer[]): Promise<StatusCode> {
    const { StatusCodes } = this.#opcua;
    const status = await this.verifyCertificate(certificate);
    if (status === 'BadCertificateUntrusted' || status === 'BadCertificateChainIncomplete') {
      await this.#note(certificate).catch(() => {}); // a full disk must not change the answer
    }
    return StatusCodes[status as keyof typeof StatusCodes] as StatusCode;
  }

  /** A status as the OPC UA specification names it. */
  async verifyCertificate(certificate: Buffer | Buffer[]): Promise<string> {
    const chain = Buffer.concat([certificate].flat());
    const checked = this.#turn.then(async () => {
      const manager = await this.#current();
      return manager.verifyCertificate(chain, { acceptCertificateWithValidIssuerChain: true });
    });
    this.#turn = checked.catch(() => {});
    return checked.catch(() => 'BadCertificateInvalid');
  }

  async getTrustStatus(certificate: Buffer): Promise<StatusCode> {
    const { StatusCodes } = this.#opcua;
    return StatusCodes[(await this.verifyCertificate(certificate)) as keyof typeof StatusCodes] as StatusCode;
  }

  /** Only people trust and reject, by way of the folder. */
  async trustCertificate(): Promise<void> {}
  async rejectCertificate(): Promise<void> {}
  async addIssuer(): Promise<void> {}
  async addRevocationList(): Promise<void> {}

  async #note(certificate: Buffer | Buffer[]): Promise<void> {
    const [first] = [certificate].flat();
    await noteRejected(this.#pkiDir, new X509Certificate(first)); // of a chain the first
  }

  async #current(): Promise<OPCUACertificateManager> {
    const seen = await this.look();
    if (this.#manager !== undefined && seen === this.#seen) return this.#manager;
    await this.#manager?.dispose();
    await forgetTrusted(this.#pkiDir);
    this.#manager = await managerOf(this.#opcua, this.#pkiDir);
    this.#seen = seen;
    return this.#manager;
  }

  /** Changes whenever a file that decides about trust does. */
  async look(): Promise<string> {
    const parts: string[] = [];
    for (const folder of trustFolders) {
      const path = join(this.#pkiDir, folder);
      for (const name of (await readdir(path).catch(() => [])).sort()) {
        const about = await stat(join(path, name)).catch(() => null);
        parts.push(`${folder}/${name} ${about?.mtimeMs} ${about?.size}`);
      }
    }
    return parts.join('\n');
  }
}
