import { z } from 'zod';
import { type Disposition, dispositionCodes } from '../core/commands.ts';
import { invalidParameter } from '../core/errors.ts';
import { idPattern, isId, newId } from '../core/ids.ts';
import type { EvidenceRecord } from './record.ts';

const id = z.string().regex(idPattern);

/** What became of a part after its record was closed: a line of its own, for a record is never edited. */
export const dispositionSchema = z.object({
  schema: z.literal(1),
  kind: z.literal('disposition'),
  /** Of this report. */
  id,
  /** The part's record. */
  inspection: id,
  sequence: z.int().min(0),
  triggerId: z.int(),
  disposition: z.enum(Object.keys(dispositionCodes) as [Disposition, ...Disposition[]]),
  utc: z.string(),
});

export type DispositionLine = z.infer<typeof dispositionSchema>;

/** As the station tells it with its `disposition` event; `id` and `sequence` are the inspection's. */
export interface Reported {
  id: string;
  sequence: number;
  triggerId: number;
  disposition: string;
  utc: string;
}

/** Throws GP_INPUT_INVALID for what no station of ours would tell. */
export function dispositionLine({ id, sequence, triggerId, disposition, utc }: Reported): DispositionLine {
  if (!isId(id)) throw invalidParameter('disposition.id', 'an id of an inspection', id);
  if (!Object.hasOwn(dispositionCodes, disposition)) {
    throw invalidParameter('disposition', Object.keys(dispositionCodes).join(', '), disposition);
  }
  return {
    ...{ schema: 1, kind: 'disposition', id: newId(), inspection: id, sequence, triggerId },
    ...{ disposition: disposition as Disposition, utc },
  };
}

/** The record with what became of its part; `lines` in the order in which they were reported. The record itself stays as it is. */
export function withDispositions(record: EvidenceRecord, lines: readonly DispositionLine[]): EvidenceRecord {
  const history = lines.map(({ disposition, utc }) => ({ what: disposition, utc }));
  const disposition = history.at(-1);
  if (disposition === undefined) return record;
  return { ...record, disposition, ...(history.length > 1 && { dispositions: history }) };
}
