import type { GoodpartError } from '../core/errors.ts';
import type { EvidencePolicy, EvidencePolicyInput } from './policy.ts';
import type { StorageState, StorageStats } from './store.ts';

export interface OpenStoreOptions {
  /** Absolute; made where it does not exist. One owner only: the station's lock covers it. */
  dir: string;
  line: string;
  station: string;
  policy?: EvidencePolicyInput;
}

/** What is known of a station's store on the parent's side. */
export interface OpenStore {
  options: Required<Omit<OpenStoreOptions, 'policy'>> & { policy: EvidencePolicy };
  open: boolean;
  error: GoodpartError | undefined;
  state: StorageState;
  queueText: string;
  told: string;
  storage: StorageStats | null;
  written: number;
  lost: number;
  picturesDropped: number;
  resent: number;
}

/** Counts go on where the same key is opened again. */
export function newOpenStore(options: OpenStore['options'], before: OpenStore | undefined): OpenStore {
  const { written, lost, picturesDropped, resent } = before ?? { written: 0, lost: 0, picturesDropped: 0, resent: 0 };
  return {
    ...{ options, open: false, error: undefined, state: { ok: false, text: 'not opened yet' }, queueText: '' },
    ...{ told: '', storage: null, written, lost, picturesDropped, resent },
  };
}

export function stateOf({ state, queueText }: OpenStore): StorageState {
  const text = [state.text, queueText].filter((part) => part !== '').join('; ');
  return { ok: state.ok && queueText === '', text };
}
