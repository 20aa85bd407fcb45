import { isReasonKey, type ReasonKey } from './reasons.ts';

/**
 * The error catalogue: every error a user can meet has a code here, and one sentence that says what to do.
 * Codes are stable; `test/core/errors.test.ts` holds that each one is described.
 */
export const errorCatalogue = {
  GP_CONFIG_INVALID: 'A configured value was refused. The message names the field, what was expected and what came.',
  GP_INPUT_INVALID: 'A message or request carried something that cannot be used. Nothing was inspected because of it.',
  GP_IMAGE_UNREADABLE: 'The picture is damaged, empty, too large or not a picture. The inspection becomes invalid.',
  GP_MODEL_INVALID:
    'The model file or its model.json is missing, damaged or does not fit. Choose or learn another version.',
  GP_PART_MISPLACED:
    'The part lies further from its learned position than the model allows. Put it in place, or learn with wider limits.',
  GP_ENGINE_FAILED: 'The model could not be run. The engine is restarted by itself; see its last lines in the message.',
  GP_TENSORRT_MISSING:
    'TensorRT cannot be used here: addon, library or GPU is missing or of another version. goodpart doctor says what to do.',
  GP_TENSORRT_BUILD:
    'TensorRT could not make a plan of the model. The message has its own words; the CPU runs it all the same.',
  GP_TENSORRT_PLAN:
    'A plan of TensorRT was not accepted by this machine. It is removed from the cache and built again.',
  GP_TENSORRT_MEMORY:
    'The GPU has not enough memory for the model. Close what else uses it, or run this model on the CPU.',
  GP_TENSORRT_REFUSED:
    'TensorRT scores the reference frames differently from the CPU, beyond 1 % of severity. The message has the figures.',
  GP_SERVER_FAILED:
    'No inference server could be reached or gave a usable answer. Each is tried again by itself; the message says what is wrong.',
  GP_SERVER_TIMEOUT:
    'The inference server did not answer in time. The picture is not inspected; the next one is tried anew.',
  GP_CHILD_EXITED: 'A helper process ended. It is started again by itself with growing pauses.',
  GP_CHILD_DEADLINE: 'A helper process did not answer in time and was ended. It is started again by itself.',
  GP_CHILD_BUSY: 'A helper process has too much waiting. The request was dropped and counted.',
  GP_CHILD_STOPPED: 'A helper process was asked for something after it had been stopped.',
  GP_PROTOCOL: 'A helper process spoke nonsense and was ended. Please report this.',
  GP_STATION_REFUSED: 'The station did not accept the trigger. The message says why; it is counted as missed.',
  GP_STATION_UNKNOWN_INSPECTION: 'The message names an inspection that is not open: it came too late or was edited.',
  GP_SWITCH_REFUSED:
    'The station keeps the recipe that it has: another change was asked for meanwhile, or this one may not be. The message says why.',
  GP_SWITCH_FAILED:
    'The station keeps the recipe that it has: the other one could not be made ready. The message says why.',
  GP_STATION_LOCKED: 'Another process owns this station’s folder. Two stations never share one line/station name.',
  GP_STATE_DAMAGED: 'A saved file was not readable; it was set aside beside the new one and never overwritten.',
  GP_LEARN_FAILED: 'Learning stopped. The message names the picture or setting that prevented it.',
  GP_EVIDENCE_LOST: 'A record or picture could not be kept. It is counted and the PLC is told.',
  GP_ENDPOINT_FAILED: 'The PLC endpoint could not be opened. It is tried again by itself.',
  GP_TOOL_MISSING: 'A program that this needs is not installed. The message names the package to install.',
  GP_SOURCE_FAILED: 'The camera or folder gave no picture. It is tried again by itself.',
  GP_INTERNAL: 'A fault in Goodpart itself. The station went on; please report this.',
} as const;

export type ErrorCode = keyof typeof errorCatalogue;

export interface ErrorDetails {
  /** Dotted path of the offending field. */
  field?: string;
  expected?: string;
  /** What came, already shortened and printable. */
  received?: string;
  /** Why an inspection is not made because of this, where that is more than the code says. */
  reason?: ReasonKey;
  cause?: unknown;
}

const brand = Symbol.for('goodpart.error');

/**
 * The only error class. `code` is an own property because Node-RED's Catch node copies own properties only;
 * recognised by brand because a userDir can hold two copies of this package.
 */
export class GoodpartError extends Error {
  readonly code: ErrorCode;
  readonly field: string | undefined;
  readonly expected: string | undefined;
  readonly received: string | undefined;
  readonly reason: ReasonKey | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'GoodpartError';
    this.code = code;
    this.field = details.field;
    this.expected = details.expected;
    this.received = details.received;
    this.reason = details.reason;
    Object.defineProperty(this, brand, { value: true });
  }

  static is(value: unknown): value is GoodpartError {
    return typeof value === 'object' && value !== null && brand in value;
  }

  toJSON(): Record<string, unknown> {
    const { code, message, field, expected, received, reason } = this;
    return { code, message, field, expected, received, ...(reason !== undefined && { reason }) };
  }

  /** Rebuilds an error that crossed a process boundary as JSON. */
  static fromJSON(json: {
    code?: unknown;
    message?: unknown;
    field?: unknown;
    expected?: unknown;
    received?: unknown;
    reason?: unknown;
  }) {
    const code =
      typeof json.code === 'string' && json.code in errorCatalogue ? (json.code as ErrorCode) : 'GP_INTERNAL';
    const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
    return new GoodpartError(code, text(json.message) ?? errorCatalogue[code], {
      field: text(json.field),
      expected: text(json.expected),
      received: text(json.received),
      reason: isReasonKey(json.reason) ? json.reason : undefined,
    });
  }
}

/** A short, printable rendering of anything a user may have sent (never longer than 80 characters). */
export function shown(value: unknown): string {
  let text: string;
  if (typeof value === 'string') text = JSON.stringify(value.slice(0, 100));
  else if (typeof value === 'number' || typeof value === 'boolean' || value == null) text = String(value);
  else if (value instanceof Uint8Array) text = `Buffer of ${value.length} bytes`;
  else if (Array.isArray(value)) text = `array of ${value.length}`;
  else text = `${typeof value}`;
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** The one sentence for bad input: "Expected X for Y but received Z". */
export function invalidParameter(
  field: string,
  expected: string,
  received: unknown,
  code: ErrorCode = 'GP_INPUT_INVALID',
) {
  const text = shown(received);
  return new GoodpartError(code, `Expected ${expected} for ${field} but received ${text}`, {
    field,
    expected,
    received: text,
  });
}

/** Anything thrown, as a GoodpartError: ours unchanged, everything else under `code` with its message kept. */
export function asGoodpartError(thrown: unknown, code: ErrorCode = 'GP_INTERNAL'): GoodpartError {
  if (GoodpartError.is(thrown)) return thrown;
  const message = thrown instanceof Error ? thrown.message : shown(thrown);
  return new GoodpartError(code, message, { cause: thrown });
}
