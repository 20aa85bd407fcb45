import type { ModelIdentity } from '../../core/inspection.ts';
import type { LearnedBody } from '../learning-protocol.ts';
import type { Thresholds } from '../limits/thresholds.ts';

/** One good picture that the report shows or names. */
export interface ReportPicture {
  /** Path or name as it came: hostile text. */
  label: string;
  /** sha256 of its pixels, hex: what is sent to leave it out. */
  digest: string;
  score: number;
  /** `data:image/jpeg;base64,…`; absent where the picture is no longer at hand or too many are shown. */
  thumbnail?: string;
}

/** A version that this one continues. */
export interface Ancestor {
  version: string;
  sha256: string;
}

/**
 * What a learning run found out, for people and tools: report.json in the model's folder, and what report.html and the
 * console's page show. Plain JSON; scores and limits are in the model's units, shares 0..1.
 */
export interface LearningReport extends LearnedBody {
  schema: 1;
  model: Pick<ModelIdentity, 'name' | 'version' | 'sha256'>;
  /** ISO 8601, UTC. */
  createdAt: string;
  seed: number;
  /** Side lengths of the model's input, pixels. */
  size: { width: number; height: number };
  /** Of pictures of 16 bits a sample: the counts that are grey level 0 and 255 wherever levels and contrasts are told. */
  window?: { low: number; high: number };
  /** What scores and limits are counted in, for people. */
  units: string;
  /** Limits of the whole picture: estimate, bound, parts that a tighter claim takes. */
  thresholds: Thresholds;
  /** The version that was continued, null where this one was learned from the start. */
  parent: Ancestor | null;
  /** Pictures that findings, clusters and `highest` speak of, by their number in the set (`Finding.picture`). */
  pictures: Record<number, ReportPicture>;
}

/** What the page posts to `exclude` beside it (JSON); `goodpart.write`. */
export interface ExcludeRequest {
  /** sha256 digests of the pictures to leave out, as in `ReportPicture.digest`; at least one. */
  digests: string[];
}

/** What the route answers with status 200 or 202 once learning has begun. Errors: `{message}` with status 400 and above. */
export interface ExcludeReply {
  /** Shown as it is. */
  message?: string;
}
