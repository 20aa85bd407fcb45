import { userInfo } from 'node:os';
import { GoodpartError } from '../core/errors.ts';
import {
  type Answer,
  type CommandSpec,
  exitCodes,
  exitCodesHelp,
  type Given,
  type OptionTable,
  refused,
  UsageError,
} from './command.ts';

const common = `  --url URL                Node-RED's admin address: http://HOST:1880, with httpAdminRoot where it has one
  --station LINE/STATION   the station; a / inside a name as %2F
  --by NAME                who decides, for the history; default: the user at this shell
  --why TEXT               why, for the history
  --token TOKEN            of Node-RED's adminAuth, where it asks for one; better in GOODPART_TOKEN,
                           which no list of processes shows
  --json                   one JSON object: text, and where every version stands now

${exitCodesHelp}`;

const options: OptionTable = Object.fromEntries(
  ['url', 'station', 'by', 'why', 'token'].map((name) => [name, { type: 'string' as const }]),
);
const text = { type: 'string' } as const;

export const shadowCommand: CommandSpec = {
  name: 'shadow',
  usage: `goodpart shadow --url URL --station LINE/STATION [options]

Lets a version of the live recipe run in shadow: a running station scores each picture by it as well,
after the live verdict, and counts where the two disagree. The PLC and the records hear nothing of it.

  --recipe N               the recipe; default: the live one
  --version V              its version; default: the newest
  --off                    no version runs in shadow any more
${common}`,
  options: { ...options, recipe: text, version: text, off: { type: 'boolean' } },
  run: (given, signal) => {
    if (given.flag('off') && (given.has('recipe') || given.has('version'))) {
      throw new UsageError('Expected --off or a version but received both');
    }
    const chosen = { recipe: given.whole('recipe', 1, 65_535), version: given.whole('version', 1, 999_999_999) };
    return ask('shadow', given, given.flag('off') ? { recipe: 0 } : chosen, signal);
  },
};

export const promoteCommand: CommandSpec = {
  name: 'promote',
  usage: `goodpart promote --url URL --station LINE/STATION [options]

Makes the version in shadow the live one, without a gap, and tells its figures.

${common}`,
  options,
  run: (given, signal) => ask('promote', given, {}, signal),
};

export const rollbackCommand: CommandSpec = {
  name: 'rollback',
  usage: `goodpart rollback --url URL --station LINE/STATION [options]

Back to the version of the live recipe that was live before, without a gap; once more: further back.

  --recipe N               only if this recipe is the live one
${common}`,
  options: { ...options, recipe: text },
  run: (given, signal) => ask('rollback', given, { recipe: given.whole('recipe', 1, 65_535) }, signal),
};

/** The station loads models before it answers. */
const patienceMs = 10 * 60_000;

async function ask(action: string, given: Given, body: object, signal: AbortSignal): Promise<Answer> {
  const url = addressOf(given, action);
  const token = given.text('token') ?? process.env.GOODPART_TOKEN ?? '';
  const said = { by: given.text('by') ?? userInfo().username, why: given.text('why') };
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify({ ...body, ...said }),
      // a token must not follow to another address
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]),
    });
  } catch (error) {
    const { cause, message } = error as Error & { cause?: Error };
    throw failed(`No answer from ${url.origin}: ${cause?.message || message}`);
  }
  if (response.status === 401)
    throw failed('Node-RED asks for a token: --token or GOODPART_TOKEN, with the right to write');
  const answer = (await response.json().catch(() => null)) as { text?: string; message?: string } | null;
  if (answer === null || (answer.text === undefined && answer.message === undefined)) {
    throw failed(`Expected an answer of Goodpart's but received ${response.status} from ${url.origin}${url.pathname}`);
  }
  if (response.ok) return { json: { ok: true, ...answer }, text: answer.text ?? '', code: exitCodes.done };
  if (response.status !== 409) throw failed(answer.message ?? '');
  return { json: { ok: false, error: answer }, text: answer.message ?? '', code: exitCodes.no };
}

function addressOf(given: Given, action: string): URL {
  const base = given.needed('url', 'http://HOST:PORT');
  if (!URL.canParse(base) || !/^https?:$/.test(new URL(base).protocol)) throw refused('url', 'http://HOST:PORT', base);
  const named = given.needed('station', 'LINE/STATION');
  const parts = named.split('/');
  if (parts.length !== 2 || parts.includes('')) throw refused('station', 'LINE/STATION', named);
  const names = parts.map((part) => encodeURIComponent(decodedName(part)));
  const root = new URL(base);
  root.pathname = `${root.pathname.replace(/\/$/, '')}/goodpart/stations/${names.join('/')}/${action}`;
  root.search = '';
  return root;
}

function decodedName(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

const failed = (message: string) => new GoodpartError('GP_INPUT_INVALID', message);
