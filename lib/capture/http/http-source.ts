import { systemClock } from '../../core/clock.ts';
import { GoodpartError } from '../../core/errors.ts';
import { sniffEncoding } from '../../core/frame.ts';
import { endsWhole, looksLike, tailBytes } from '../picture-bytes.ts';
import type {
  DeviceSettings,
  ExposeOptions,
  OpenOptions,
  Source,
  SourceDescription,
  SourceFrame,
  SourceModule,
  SourceSink,
} from '../source.ts';
import { Authorization } from './authorization.ts';
import { type Answer, Requests, Unreachable } from './request.ts';
import type { HttpSettings } from './settings.ts';

/** A snapshot address neither sets nor tells how the camera exposes. */
const unlocked: DeviceSettings = { locked: false };

/** Each exposure is one request, or two where the camera answers with the picture before. */
class HttpSource implements Source {
  readonly #settings: HttpSettings;
  readonly #authorization: Authorization;
  readonly #requests: Requests;
  #sink: SourceSink | undefined;
  #number = 0;

  constructor(settings: HttpSettings) {
    this.#settings = settings;
    this.#authorization = new Authorization(settings.credentials);
    this.#requests = new Requests(settings);
  }

  async open({ sink, resumeAfter, signal }: OpenOptions): Promise<SourceDescription> {
    this.#number = resumeAfter;
    const { method, answersStored, credentials, selfSigned } = this.#settings;
    // a POST may move something; whether the camera is there shows with the first picture then
    if (method === 'GET') await this.#picture(signal);
    this.#sink = sink;
    const notes = [
      `${method} ${answersStored ? 'twice ' : ''}per picture`,
      credentials.scheme === 'none' ? '' : `${credentials.scheme} login`,
      selfSigned ? 'certificate not checked' : '',
      'exposure not locked',
    ].filter((note) => note !== '');
    return {
      delivery: 'on-demand',
      device: `camera at ${this.#requests.shown}`,
      running: notes.join(', '),
      width: null,
      height: null,
      settings: await this.readSettings(),
    };
  }

  async close(): Promise<void> {
    this.#sink = undefined;
    this.#requests.close();
  }

  async expose({ signal }: ExposeOptions): Promise<SourceFrame> {
    const sink = this.#sink;
    try {
      const sent = systemClock.mono();
      const sentUtc = Date.now();
      // what the second answer shows was taken at the first request or later, whatever the camera stores
      if (this.#settings.answersStored) await this.#picture(signal);
      const { body, headers } = await this.#picture(signal);
      const age = knownAge(headers);
      return {
        ...{ data: body, encoding: sniffEncoding(body), width: null, height: null, channels: null, bitDepth: null },
        number: ++this.#number,
        exposedAt: sent - age,
        exposedUtc: new Date(sentUtc - age).toISOString(),
        settings: age > 0 ? { ...unlocked, ageMs: age } : unlocked,
      };
    } catch (thrown) {
      if (thrown instanceof Unreachable && !signal.aborted) sink?.fault(thrown);
      throw thrown;
    }
  }

  async readSettings(): Promise<DeviceSettings> {
    return unlocked;
  }

  async #picture(signal: AbortSignal): Promise<Answer> {
    const asked = { method: this.#settings.method, path: this.#requests.path };
    let answer = await this.#requests.send(this.#authorization.header(asked), signal);
    if (answer.status === 401 && this.#authorization.challenged(answer.challenges)) {
      answer = await this.#requests.send(this.#authorization.header(asked), signal);
    }
    this.#check(answer);
    return answer;
  }

  /** The content type is not believed: the bytes say what they are. */
  #check({ status, body }: Answer): void {
    const refuse = (field: string, expected: string, received: string) =>
      new GoodpartError(
        'GP_SOURCE_FAILED',
        `Expected ${expected} from ${this.#requests.shown} but received ${received}`,
        { field, expected, received },
      );
    if (status === 401 || status === 403) {
      const { scheme } = this.#settings.credentials;
      const login = scheme === 'none' ? 'it wants a login' : `it refused the ${scheme} login`;
      throw refuse('auth', 'a picture', `${status}: ${login}`);
    }
    if (status >= 300 && status < 400) throw refuse('url', 'a picture', `${status}: a redirect, which is not followed`);
    if (status < 200 || status > 299) throw refuse('url', 'a picture', `${status}`);
    if (sniffEncoding(body) === 'unknown') throw refuse('url', 'a JPEG or PNG picture', looksLike(body));
    if (endsWhole(body, body.subarray(-tailBytes)) === false) {
      throw refuse('url', 'a whole picture', `${body.length} bytes without the end of one`);
    }
  }
}

/**
 * Milliseconds that the answer itself admits to be old (RFC 9111 `Age`; `Last-Modified` before `Date`, both the camera's clock).
 * 0 says nothing: only a picture made older by it is believed.
 */
export function knownAge(headers: { age?: string; date?: string; 'last-modified'?: string }): number {
  const age = Number(headers.age ?? 0) * 1000;
  const modified = Date.parse(headers['last-modified'] ?? '');
  const since = Date.parse(headers.date ?? '') - modified;
  return Math.max(0, Number.isFinite(age) ? age : 0, Number.isFinite(since) ? since : 0);
}

export const httpSource: SourceModule<HttpSettings> = {
  create: (settings) => new HttpSource(settings),
  discover: async () => [],
};
