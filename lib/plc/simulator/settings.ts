import { z } from 'zod';
import type { BeltLayout } from './belt.ts';

/** The check sensor stands so many slots before the ejector. */
const checkAhead = 2;
/** Slots between the ejector and the good box: room to stop the line in. */
const tail = 4;

const host = z.string().min(1).max(255);

const modbus = z.strictObject({
  kind: z.literal('modbus'),
  host: host.default('127.0.0.1'),
  port: z.number().int().min(1).max(65535).default(502),
  /** First register of the station: 1000 times its slot. */
  base: z.number().int().min(0).max(65_195).default(0),
});

const opcua = z.strictObject({
  kind: z.literal('opcua'),
  url: z.string().regex(/^opc\.tcp:\/\/[^\s]+$/, 'opc.tcp://host:port'),
  /** The station's id in the address space; '' = the only one there. */
  stationId: z.string().max(100).default(''),
  /** Who may command; without a user the simulated PLC can only read. */
  user: z.string().max(100).default(''),
  password: z.string().max(200).default(''),
  /** The simulated PLC's own certificates. */
  pkiDir: z.string().min(1),
});

export const simulatorSettings = z
  .strictObject({
    protocol: z.discriminatedUnion('kind', [modbus, opcua]),
    /** The PLC's cycle. */
    cycleMs: z.number().int().min(2).max(200).default(10),
    /** The communication task asks at most this often. */
    pollMs: z.number().int().min(0).max(1000).default(10),
    partsPerMinute: z.number().min(1).max(2000).default(60),
    /** Slots from part to part. */
    pitch: z.number().int().min(1).max(8).default(2),
    triggerPosition: z.number().int().min(1).max(60).default(2),
    ejectPosition: z.number().int().min(4).max(60).default(12),
    expectedRecipe: z.number().int().min(0).max(65535).default(0),
    marginMs: z.number().int().min(0).max(60_000).default(200),
    /** Acknowledges what was taken: for a station that is set to it too, harmless for others. */
    ackResults: z.boolean().default(true),
    seed: z.number().int().min(0).max(0xffffffff).default(1),
    defectRate: z.number().min(0).max(1).default(0.1),
    binCapacity: z.number().int().min(0).max(1_000_000).default(0),
    /** After a stop somebody clears the belt behind the ejector, empties the bin and resets; 0 = nobody does. */
    operatorMs: z.number().int().min(0).max(3_600_000).default(0),
    /** Stops feeding parts after so many; 0 = never. */
    parts: z.number().int().min(0).max(10_000_000).default(0),
  })
  .refine((o) => o.ejectPosition > o.triggerPosition + checkAhead, {
    path: ['ejectPosition'],
    message: `at least ${checkAhead + 1} slots behind the trigger position`,
  })
  .refine((o) => tickMsOf(o) >= 5 * o.cycleMs, {
    path: ['cycleMs'],
    message: 'at most a fifth of the time in which the belt moves by one slot: 12000 / (parts per minute · pitch) ms',
  });

export type SimulatorSettings = z.infer<typeof simulatorSettings>;
export type SimulatorOptions = z.input<typeof simulatorSettings>;

export function tickMsOf({ partsPerMinute, pitch }: { partsPerMinute: number; pitch: number }): number {
  return 60_000 / (partsPerMinute * pitch);
}

export function layoutOf({ triggerPosition, ejectPosition }: SimulatorSettings): BeltLayout {
  const [checkPosition, endPosition] = [ejectPosition - checkAhead, ejectPosition + tail];
  return { triggerPosition, checkPosition, ejectPosition, endPosition };
}
