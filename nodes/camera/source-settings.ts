import { resolve } from 'node:path';
import type { SourceSettingsInput } from '../../lib/capture/settings.ts';
import { invalidParameter } from '../../lib/core/errors.ts';
import type { ValuesOf } from '../../lib/node-red/config/config.ts';
import type { config } from './config.ts';
import { genicamSettings } from './genicam-settings.ts';
import { gstreamerSettings } from './gstreamer-settings.ts';

type Values = ValuesOf<typeof config>;

/**
 * From the dialog's fields to the settings of the chosen source. To add a source: one case here, its fields in config.ts. Throws
 * GP_CONFIG_INVALID where a login is not whole.
 */
export function sourceSettings(values: Values, credentials: Record<string, string> = {}): SourceSettingsInput {
  switch (values.source) {
    case 'folder': {
      const { path, order, seed, loop, recursive } = values;
      return { kind: 'folder', path: path && resolve(path), order, seed, loop, recursive };
    }
    case 'simulator': {
      const { simWidth: width, simHeight: height, seed, defectRate, encoding } = values;
      const delivery = values.run === 'line' ? ('line' as const) : values.simDelivery;
      const pace = delivery === 'on-demand' ? {} : { delivery, periodMs: values.simPeriodMs };
      return { kind: 'simulator', width, height, seed, defectRate, encoding, ...pace };
    }
    case 'genicam':
      return genicamSettings(values);
    case 'gstreamer':
      return gstreamerSettings(values, credentials);
    case 'watch': {
      const { path, pattern, fileOrder: order, run, afterwards, settleMs, delayMs } = values;
      const delivery = run === 'line' ? ('line' as const) : ('flow' as const);
      return { kind: 'watch', path: path && resolve(path), pattern, order, delivery, afterwards, settleMs, delayMs };
    }
    case 'http': {
      const { url, method, answersStored, selfSigned, timeoutMs } = values;
      const login = loginOf(values.auth, credentials);
      return { kind: 'http', url, method, answersStored, selfSigned, timeoutMs, credentials: login };
    }
    case 'push':
      throw invalidParameter('source', 'a source that takes pictures by itself', 'push', 'GP_CONFIG_INVALID');
  }
}

type Login = NonNullable<Extract<SourceSettingsInput, { kind: 'http' }>['credentials']>;

function loginOf(scheme: Values['auth'], { user = '', password = '', token = '' }: Record<string, string>): Login {
  if (scheme === 'none') return { scheme };
  const missing = (field: string) =>
    invalidParameter(field, `one for the ${scheme} login`, 'nothing', 'GP_CONFIG_INVALID');
  if (scheme === 'bearer') {
    if (token === '') throw missing('token');
    return { scheme, token };
  }
  if (user === '') throw missing('user');
  return { scheme, user, password };
}
