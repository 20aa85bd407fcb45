import type { Registration, ScoreTimings } from '../core/inspection.ts';
import type { ModelDescription } from './model-schema.ts';

/** Answers of the engine child. A score's payloads: the score as float64, then the map's float32 values; little endian. */
export interface LoadReply {
  description: ModelDescription;
  provider: string;
  warmUpMs: number;
}

export interface ScoreReply {
  image: { width: number; height: number };
  map: { width: number; height: number } | null;
  timings: Omit<ScoreTimings, 'total'>;
  registration?: Registration;
  /** Where it is another one than said at loading: which of several servers ran it. */
  provider?: string;
  /** Probabilities, for a classifier that names its classes; null on the wire: not finite. */
  classes?: (number | null)[];
}
