import type { StorageStats } from './store.ts';

/** One store as its parent sees it. */
export interface EvidenceStats {
  ok: boolean;
  text: string;
  /** Records that are on the disk, counted since the store was opened. */
  written: number;
  /** Records that could not be kept. */
  lost: number;
  /** Inspections whose pictures should have been kept and were not. */
  picturesDropped: number;
  /** Sent again because the child ended before it answered. */
  resent: number;
  queued: number;
  queuedBytes: number;
  restarts: number;
  /** As of the last answer of the child; null before the first. */
  storage: StorageStats | null;
}
