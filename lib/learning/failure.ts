import { GoodpartError } from '../core/errors.ts';

/** The one sentence for what prevents learning: "Expected X for Y but received Z". */
export function failed(field: string, expected: string, received: string): GoodpartError {
  return new GoodpartError('GP_LEARN_FAILED', `Expected ${expected} for ${field} but received ${received}`, {
    field,
    expected,
    received,
  });
}
