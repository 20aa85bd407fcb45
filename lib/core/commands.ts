/** What a PLC asks for: one change that a write to its command block has made (PLC.md section 2). */
export type PlcCommand =
  /** `triggerId` 0: the station numbers it (simple mode, coil 200). `refused`: the PLC was told so, with this reason, already. */
  | { kind: 'trigger'; triggerId: number; partId: string; expectedRecipe: number; refused?: number }
  /** This trigger was handed over, and refused after all because nothing was heard of the station. */
  | { kind: 'cancelled'; triggerId: number }
  /** The results up to this number of the wire are taken. */
  | { kind: 'acknowledge'; sequence: number }
  /** `from`: what stood there before; only a change from 0 asks for something. */
  | { kind: 'code'; code: number; arg: number; from: number; refused?: boolean }
  | { kind: 'disposition'; triggerId: number; code: number }
  /** The PLC's own heartbeat stands still, or counts again. */
  | { kind: 'watchdog'; alive: boolean };

export const commandCodes = {
  online: 1,
  offline: 2,
  selectRecipe: 3,
  acknowledgeFault: 4,
  resetAlarm: 5,
  resetCounters: 6,
  challengeBegins: 7,
  challengeEnds: 8,
} as const;

export const commandStatus = { idle: 0, running: 1, done: 2, refused: 3, failed: 4 } as const;

/** What became of a part, as the PLC reports it. */
export const dispositionCodes = { accepted: 1, ejected: 2, rework: 3, scrap: 4, ejectFailed: 5 } as const;
export type Disposition = keyof typeof dispositionCodes;

export function dispositionOf(code: number): Disposition | undefined {
  return (Object.keys(dispositionCodes) as Disposition[]).find((name) => dispositionCodes[name] === code);
}

/** What of the command block has been acted on: a value that stands there at the next start is not acted on again. */
export interface CommandsSeen {
  triggerId: number;
  code: number;
  dispositionTrigger: number;
  dispositionCode: number;
}

export const nothingSeen: Readonly<CommandsSeen> = Object.freeze({
  triggerId: 0,
  code: 0,
  dispositionTrigger: 0,
  dispositionCode: 0,
});
