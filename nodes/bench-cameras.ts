import { fork } from 'node:child_process';
import { join } from 'node:path';
import { rounded, type Spread, slopeOf } from '../lib/scoring/bench-figures.ts';

/** Inspections of all cameras; `refused`: parts that came while two were open already. */
export interface Stretch {
  perSecond: number;
  latencyMs: Spread;
  notPassed: number;
  refused: number;
}

/** What a Node-RED process with some cameras says of itself. */
export interface CamerasRow {
  cameras: number;
  paced: Stretch;
  flatOut: Stretch;
  /** MB. `used`: heap and memory outside of it after a collection. */
  nodeRed: { used: number; resident: number };
  /** Resident memory of all children, and by kind for each camera. */
  childrenMb: number;
  childMb: Record<string, number>;
}

export interface CamerasOrder {
  cameras: number;
  models: string;
  /** Time between two parts of one camera. */
  periodMs: number;
  /** Of each of the two stretches. */
  ms: number;
}

/**
 * 1, 2, 4 and 8 stations in one Node-RED, each with a simulated camera (640x480 JPEG), an engine of its own with the model `learned`, rules and
 * evidence. Paced: a part each `periodMs` for every camera; flat out: the next part as soon as the last one is judged. Each number in a process of
 * its own, so that memory is that of so many cameras and nothing else.
 */
export async function camerasTable(
  models: string,
  { counts = [1, 2, 4, 8], periodMs = 500, ms = 8000 } = {},
): Promise<Record<string, unknown>> {
  const rows: CamerasRow[] = [];
  for (const cameras of counts) rows.push(await inProcess({ cameras, models, periodMs, ms }));
  const each = (pick: (row: CamerasRow) => number) =>
    rounded(slopeOf(rows.map((row) => [row.cameras, pick(row)] as const)).slope);
  return {
    frame: '640x480 JPEG, simulated',
    periodMs,
    rows,
    perExtraCameraMb: {
      nodeRedUsed: each(({ nodeRed }) => nodeRed.used),
      nodeRedResident: each(({ nodeRed }) => nodeRed.resident),
      children: each(({ childrenMb }) => childrenMb),
    },
  };
}

function inProcess(order: CamerasOrder): Promise<CamerasRow> {
  const child = fork(join(__dirname, 'bench-cameras-process.js'), [JSON.stringify(order)], {
    execArgv: ['--expose-gc'],
  });
  return new Promise((done, failed) => {
    child.once('message', (row) => done(row as CamerasRow));
    child.once('exit', (code, signal) => failed(new Error(`the process with cameras ended with ${signal ?? code}`)));
  });
}
