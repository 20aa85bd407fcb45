import { invalidParameter } from '../../core/errors.ts';
import { addressesExpected, isOpen, parseAddresses } from './addresses.ts';

/** Where a model runs beyond this machine: on servers that speak the KServe v2 protocol (Triton, KServe, MLServer, OpenVINO). */
export interface KServeSettings {
  /** `http://host:port` or `https://…`, one for each replica, with commas between; a path before `/v2` is allowed. */
  urls: string;
  /** The model's name on the server; empty: as here. `{name}` and `{version}` stand for ours. */
  model?: string;
  /** Its version on the server; empty: the server's choice. `{name}` and `{version}` stand for ours. */
  version?: string;
  /** A PEM file: only certificates of these authorities are accepted then. Empty: the system's authorities. */
  caFile?: string;
  /** Bearer token; empty: none. Goes over https only, but for servers on this machine. */
  token?: string;
  /** From a request to the last byte of its answer, milliseconds. A replica that takes longer is left out. Default 1000. */
  timeoutMs?: number;
  /** The time between looks at a replica that has nothing to do, milliseconds. Default 2000. */
  idleMs?: number;
}

export interface CheckedKServe extends Required<Omit<KServeSettings, 'urls'>> {
  urls: string[];
}

/** Throws GP_CONFIG_INVALID that names the field, what was expected and what came; never with the token. */
export function checkKServe(settings: KServeSettings): CheckedKServe {
  const { model = '', version = '', caFile = '', token = '', timeoutMs = 1000, idleMs = 2000 } = settings;
  const refuse = (field: string, expected: string, received: unknown) =>
    invalidParameter(field, expected, received, 'GP_CONFIG_INVALID');
  const urls = parseAddresses(settings.urls);
  if (urls === null) throw refuse('urls', addressesExpected, settings.urls);
  if (token !== '' && !/^[\x21-\x7e]{1,4096}$/.test(token)) {
    throw refuse('token', 'a bearer token of at most 4096 printable characters without blanks', 'something else');
  }
  const open = urls.find(isOpen);
  if (token !== '' && open !== undefined) {
    throw refuse('urls', 'https addresses where a token is sent (others on the network could read it)', open);
  }
  if (!(timeoutMs >= 1 && timeoutMs <= 600_000)) throw refuse('timeoutMs', 'milliseconds from 1 to 600000', timeoutMs);
  return { urls, model, version, caFile, token, timeoutMs, idleMs };
}

/** The path of a model on a server: its name and version with ours filled in. */
export function modelPath(
  { model, version }: Pick<CheckedKServe, 'model' | 'version'>,
  ours: { name: string; version: string },
): string {
  const filled = (text: string) => text.replaceAll('{name}', ours.name).replaceAll('{version}', ours.version);
  const path = `/v2/models/${encodeURIComponent(filled(model || '{name}'))}`;
  return version === '' ? path : `${path}/versions/${encodeURIComponent(filled(version))}`;
}
