import { newId } from '../../core/ids.ts';
import { wantedOutputs } from '../fit.ts';
import type { ModelDescription } from '../model-schema.ts';
import type { TensorInput, TensorOutput } from '../session.ts';
import { type Answer, Connection, type Security } from './connection.ts';
import { type Encoding, inferRequest, readInference, WrongAnswer } from './infer-message.ts';
import { checkMetadata, metadataSchema } from './metadata.ts';
import { checkProbe, type Probe } from './probe.ts';

export interface Served {
  model: ModelDescription;
  probe: Probe;
  /** `/v2/models/…` */
  path: string;
}

/**
 * What servers say of a body that they cannot read (MLServer: 500); never what they say while they start or have too much to do. Asked anew
 * whenever a server comes back.
 */
const unreadable = new Set([400, 406, 415, 422, 500, 501]);

/** One server of a model: asks it, and reads what it says. Every failure is one sentence that names the server. */
export class Replica {
  readonly url: string;
  /** Requests under way. */
  inFlight = 0;
  /** Answers that a deadline did not wait for, since the last one in time. */
  late = 0;
  readonly #connection: Connection;
  readonly #served: Served;
  #encoding: Encoding = 'binary';
  /** HTTP status of the last answer. */
  #status = 0;

  constructor(url: string, security: Security, served: Served) {
    this.url = url;
    this.#connection = new Connection(url, security);
    this.#served = served;
  }

  /** For records: the server, and that tensors go there as JSON where it does not read binary ones. */
  get provider(): string {
    return this.#encoding === 'binary' ? this.url : `${this.url} (JSON)`;
  }

  close(): void {
    this.#connection.close();
  }

  /** Resolves when the server says that it can run the model. Rejects with GP_SERVER_…. */
  async ready(limitMs: number): Promise<void> {
    const answer = await this.#connection.send({ method: 'GET', path: `${this.#served.path}/ready` }, limitMs);
    this.#ok(answer, 'is not ready');
    const said = jsonOf(answer);
    if (said?.ready === false || said?.ready === 'False') throw this.#connection.failed('its model is not ready');
  }

  /**
   * Everything that is checked before a part depends on it: readiness, the model's inputs and outputs, and its scores on a picture that
   * was scored here. `limitMs` is for the first run, which may have to plan; what needs no work is answered within `quickMs`.
   * Rejects with GP_SERVER_… or GP_MODEL_INVALID.
   */
  async admit(quickMs: number, limitMs: number): Promise<void> {
    const { model, probe, path } = this.#served;
    const end = performance.now() + limitMs;
    const left = () => Math.max(1, end - performance.now());
    await this.ready(Math.min(quickMs, left()));
    const answer = await this.#connection.send({ method: 'GET', path }, Math.min(quickMs, left()));
    this.#ok(answer, 'says nothing of its model');
    const metadata = metadataSchema.safeParse(jsonOf(answer));
    if (!metadata.success) throw this.#connection.failed('its description of the model is not what the protocol says');
    checkMetadata(this.url, model, probe.outputs, metadata.data);
    let outputs: Record<string, TensorOutput>;
    this.#encoding = 'binary';
    try {
      outputs = await this.infer(probe.tensor, left());
    } catch (thrown) {
      // a server without the binary extension cannot read such a request
      if (!unreadable.has(this.#status)) throw thrown;
      this.#encoding = 'json';
      outputs = await this.infer(probe.tensor, left()).catch(() => {
        throw thrown;
      });
    }
    checkProbe(this.url, model, probe, outputs);
    this.late = 0;
  }

  /** Runs the model once. Rejects with GP_SERVER_FAILED, or GP_SERVER_TIMEOUT after `limitMs`. */
  async infer(tensor: TensorInput, limitMs: number): Promise<Record<string, TensorOutput>> {
    const { model, path } = this.#served;
    const wanted = wantedOutputs(model);
    const id = newId();
    const request = inferRequest({ name: model.input.name, tensor, wanted, id }, this.#encoding);
    this.inFlight += 1;
    try {
      const answer = await this.#connection.send({ method: 'POST', path: `${path}/infer`, ...request }, limitMs);
      this.#ok(answer, 'refused the picture');
      return readInference(answer.headers, answer.body, wanted, id);
    } catch (thrown) {
      throw thrown instanceof WrongAnswer ? this.#connection.failed(thrown.message) : thrown;
    } finally {
      this.inFlight -= 1;
    }
  }

  #ok(answer: Answer, doing: string): void {
    const { status } = answer;
    this.#status = status;
    if (status === 200) return;
    throw this.#connection.failed(`it ${doing}: ${meaningOf(status)}${wordsOf(answer)}`);
  }
}

function meaningOf(status: number): string {
  const known: Record<number, string> = {
    401: 'it wants another token (HTTP 401)',
    403: 'the token is not allowed this (HTTP 403)',
    404: 'it does not have this model or version (HTTP 404)',
    429: 'it has too much to do (HTTP 429)',
    503: 'it is not available (HTTP 503)',
  };
  return known[status] ?? `HTTP ${status}`;
}

function jsonOf({ body }: Answer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** What the server itself says, shortened and printable. */
function wordsOf(answer: Answer): string {
  const said = jsonOf(answer)?.error;
  if (typeof said !== 'string' || said === '') return '';
  return `, ${JSON.stringify(said.replace(/\s+/g, ' ').slice(0, 160))}`;
}
