import { z } from 'zod';
import { idPattern, newId } from '../core/ids.ts';
import type { TriggerRequest } from '../core/inspection.ts';
import type { Refusal } from '../core/snapshot.ts';

/** What is known of a trigger that was refused: it has no sequence and no inspection. */
export const refusalSchema = z.object({
  schema: z.literal(1),
  kind: z.literal('refusal'),
  id: z.string().regex(idPattern),
  line: z.string(),
  station: z.string(),
  part: z.object({ id: z.string() }),
  trigger: z.object({ triggerId: z.int(), source: z.string(), expectedRecipe: z.int(), at: z.number() }),
  /** Key of lib/core/reasons.ts, and the sentence that was said. */
  reason: z.object({ key: z.string(), text: z.string() }),
  utc: z.string(),
});

export type RefusalRecord = z.infer<typeof refusalSchema>;

const longestText = 500;

/** `request` as the station tells it with its `refused` event: nothing in it is longer or stranger than in an accepted one. */
export function refusalRecord(
  place: { line: string; station: string },
  request: TriggerRequest,
  refusal: Pick<Refusal, 'reason' | 'text'>,
  utc: string,
): RefusalRecord {
  const { triggerId, partId, source, expectedRecipe, at } = request;
  return {
    ...{ schema: 1, kind: 'refusal', id: newId(), line: place.line, station: place.station },
    ...{ part: { id: partId.slice(0, longestText) }, trigger: { triggerId, source, expectedRecipe, at } },
    ...{ reason: { key: refusal.reason, text: refusal.text.slice(0, longestText) }, utc },
  };
}
