import type { LearnedBody } from '../learning-protocol.ts';
import type { LearningReport, ReportPicture } from './learning-report.ts';

/** More thumbnails than this make the page slow to open; the rest are named only. */
export const mostThumbnails = 160;

const usualUnits = 'deviations from the typical good part';

export interface Subject extends Omit<LearningReport, keyof LearnedBody | 'schema' | 'pictures' | 'units'> {
  /** As the model counts; deviations where not given. */
  units?: string;
  summary: LearnedBody;
  /** All pictures that were learned from, in the order of `summary.goodScores`. */
  used: readonly { label: string; digest: string }[];
  /** JPEG of a picture by its number, undefined where its pixels are no longer at hand. */
  thumbnail: (picture: number) => Promise<Buffer | undefined>;
}

/** The report of a run, with thumbnails of the pictures it speaks of. */
export async function composeReport({
  summary,
  used,
  thumbnail,
  units = usualUnits,
  ...about
}: Subject): Promise<LearningReport> {
  const pictures: Record<number, ReportPicture> = {};
  let shown = 0;
  for (const picture of mentioned(summary)) {
    const { label, digest } = used[picture];
    const entry: ReportPicture = { label, digest, score: summary.goodScores[picture] };
    const jpeg = shown < mostThumbnails ? await thumbnail(picture) : undefined;
    if (jpeg) {
      entry.thumbnail = `data:image/jpeg;base64,${jpeg.toString('base64')}`;
      shown += 1;
    }
    pictures[picture] = entry;
  }
  return { schema: 1, units, ...about, ...summary, pictures };
}

/** Numbers of the pictures that the report shows, the most important first, each once. */
function mentioned({ clusters, findings, goodScores }: LearnedBody): number[] {
  const ofClusters = clusters?.examples.flat().map(({ picture }) => picture) ?? [];
  const [copies, others] = [true, false].map((copy) => findings.filter(({ kind }) => (kind === 'duplicate') === copy));
  const ofCopies = copies.flatMap(({ picture, of }) => (of ? [picture, of.picture] : [picture]));
  return [...new Set([...ofClusters, ...highestOf(goodScores), ...others.map(({ picture }) => picture), ...ofCopies])];
}

const shownHighest = 6;

/** Numbers of the pictures with the highest scores, the highest first. */
export function highestOf(scores: readonly number[], count = shownHighest): number[] {
  return [...scores.keys()].sort((a, b) => scores[b] - scores[a] || a - b).slice(0, count);
}
