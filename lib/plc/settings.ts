import { z } from 'zod';
import { GoodpartError, invalidParameter } from '../core/errors.ts';
import { wordOrders } from './registers.ts';

const port = z.number().int().min(1).max(65535);
const host = z.string().min(1).max(255);

export const modbusSettings = z.strictObject({
  /** Address to listen on; 0.0.0.0 = all. */
  host: host.default('0.0.0.0'),
  port: port.default(502),
  /** 0 and 255 answer every unit id, 1..254 only that one. */
  unitId: z.number().int().min(0).max(255).default(255),
  wordOrder: z.enum(wordOrders).default('ABCD'),
  /** Which byte of a register holds the first character of a text. */
  textOrder: z.enum(['high', 'low']).default('high'),
  maxClients: z.number().int().min(1).max(64).default(8),
  /** A client that asks nothing for this long is dropped. */
  idleMs: z.number().int().min(1000).max(3_600_000).default(60_000),
});

export const opcUaSettings = z.strictObject({
  host: host.default('0.0.0.0'),
  port: port.default(4840),
  /** Anonymous clients may read, never write. */
  allowAnonymous: z.boolean().default(true),
  /** Security policy None: clients without certificate and encryption may read. False: they find the endpoint, and that is all. */
  allowNone: z.boolean().default(true),
  /** An observer reads, an operator also writes commands; both log in over an encrypted connection only. */
  users: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(100),
        password: z.string().min(1).max(200),
        role: z.enum(['observer', 'operator']).default('operator'),
      }),
    )
    .max(20)
    .default([]),
  /** Certificates: own, trusted/certs, rejected. */
  pkiDir: z.string().min(1),
  /** Who this server is to its clients, part of its certificate; '' = `urn:<host name>:goodpart`. */
  applicationUri: z
    .union([
      z.literal(''),
      z
        .string()
        .max(200)
        .regex(/^urn:[^\s,"]+$/, 'a urn without spaces'),
    ])
    .default(''),
  maxSessions: z.number().int().min(1).max(64).default(8),
  /** A connection without a session, and a session whose connection broke, are given up after this, milliseconds. */
  halfOpenMs: z.number().int().min(1000).max(600_000).default(20_000),
});

/** The station as client of a PLC's Modbus TCP server. */
export const modbusClientSettings = z.strictObject({
  host,
  port: port.default(502),
  /** The server's unit id; 255 and 0 reach the device itself. */
  unitId: z.number().int().min(0).max(255).default(255),
  /** PLC register that holds MapVersion; the whole map of 340 registers, command block included, follows from there. */
  base: z.number().int().min(0).max(65195).default(0),
  wordOrder: z.enum(wordOrders).default('ABCD'),
  textOrder: z.enum(['high', 'low']).default('high'),
  /** How often the command block is read, milliseconds. */
  pollMs: z.number().int().min(5).max(5000).default(20),
  /** An answer that takes longer ends the connection, milliseconds. */
  timeoutMs: z.number().int().min(100).max(30_000).default(1000),
});

/** How the station's tags are named in the PLC: `{folder}` and `{name}` stand for e.g. `Result` and `Sequence`. */
const nodeTemplate = z
  .string()
  .min(1)
  .max(200)
  .regex(/\{folder\}.*\{name\}/, 'a node id with {folder} and {name}, e.g. ns=3;s="Goodpart"."{folder}"."{name}"');

export const opcUaSecurity = ['None', 'Basic256Sha256', 'Aes128_Sha256_RsaOaep', 'Aes256_Sha256_RsaPss'] as const;

const opcUaAccess = {
  /** opc.tcp://host:port/path of the PLC. */
  url: z.string().regex(/^opc\.tcp:\/\/[^\s]+$/, 'opc.tcp://host:port'),
  /** Anything but None signs and encrypts. */
  security: z.enum(opcUaSecurity).default('None'),
  /** '' = anonymous. A password goes over an encrypted connection only. */
  user: z.string().max(100).default(''),
  password: z.string().max(200).default(''),
  pkiDir: z.string().min(1),
  timeoutMs: z.number().int().min(500).max(30_000).default(3000),
};

const encrypted = ({ user, security }: { user: string; security: string }) => user === '' || security !== 'None';
const asPasswordIsSet = { path: ['security'], message: 'an encrypted connection, as a user with a password is set,' };

/** The station as client of a PLC's OPC UA server. */
export const opcUaClientSettings = z
  .strictObject({
    ...opcUaAccess,
    template: nodeTemplate,
    /** How often the PLC's server looks for new commands, milliseconds. */
    publishMs: z.number().int().min(10).max(5000).default(50),
  })
  .refine(encrypted, asPasswordIsSet);

/** Looking into a PLC's OPC UA server; what else a client needs may be there and is not looked at. */
export const opcUaBrowseSettings = z.object(opcUaAccess).refine(encrypted, asPasswordIsSet);

/** How long looking into a PLC's server may take: connecting, browsing and reading together. */
export function browseDeadlineMs({ timeoutMs }: { timeoutMs: number }): number {
  return 4 * timeoutMs;
}

export type ModbusSettings = z.infer<typeof modbusSettings>;
export type OpcUaSettings = z.infer<typeof opcUaSettings>;
export type ModbusOptions = z.input<typeof modbusSettings>;
export type OpcUaOptions = z.input<typeof opcUaSettings>;
export type ModbusClientSettings = z.infer<typeof modbusClientSettings>;
export type OpcUaClientSettings = z.infer<typeof opcUaClientSettings>;
export type ModbusClientOptions = z.input<typeof modbusClientSettings>;
export type OpcUaBrowseOptions = z.input<typeof opcUaBrowseSettings>;
export type OpcUaClientOptions = z.input<typeof opcUaClientSettings>;

export type EndpointSettings =
  | { kind: 'modbus'; options: ModbusSettings }
  | { kind: 'opcua'; options: OpcUaSettings }
  | { kind: 'modbus client'; options: ModbusClientSettings }
  | { kind: 'opcua client'; options: OpcUaClientSettings };

/** What the PLC child shall serve; the parent sends it whole, the child finds the difference. */
export interface DesiredEndpoint {
  key: string;
  settings: EndpointSettings;
  stations: { id: string; slot: number }[];
}

export type EndpointPhase = 'opening' | 'waiting for port' | 'open' | 'failed' | 'closed';

export interface EndpointState {
  state: EndpointPhase;
  /** One sentence for people. */
  text: string;
  clients: number;
}

/** Highest slot whose block of 340 registers lies within 0..65535. */
export const maxSlot = 65;

/** Parses settings or throws one GP_CONFIG_INVALID that names the field. Passwords are never shown. */
export function parseSettings<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue.path.join('.') || 'endpoint';
  if (issue.path.includes('password') || issue.path.includes('users')) {
    throw new GoodpartError('GP_CONFIG_INVALID', `Expected another value for ${field}: ${issue.message}`, { field });
  }
  let received: unknown = value;
  for (const step of issue.path) received = (received as Record<PropertyKey, unknown> | undefined)?.[step];
  throw invalidParameter(field, issue.message.replace(/^Invalid \w+: expected /, ''), received, 'GP_CONFIG_INVALID');
}
