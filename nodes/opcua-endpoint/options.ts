import { GoodpartError, invalidParameter } from '../../lib/core/errors.ts';
import type { ValuesOf } from '../../lib/node-red/config/config.ts';
import type { OpcUaClientOptions, OpcUaOptions } from '../../lib/plc/settings.ts';
import type { config } from './config.ts';
import { passwordKey, storedUsers, userProblem } from './users.ts';

type Values = ValuesOf<typeof config>;
type Credentials = Record<string, string>;

/** Settings of the server. Throws GP_CONFIG_INVALID where a user is not whole: half a user list lets the wrong people in, or nobody. */
export function serverOptions(values: Values, credentials: Credentials, pkiDir: string): OpcUaOptions {
  const { host, port, allowAnonymous, allowNone, maxSessions, applicationUri } = values;
  const stored = storedUsers(credentials);
  const has = (slot: number) => Boolean(credentials[passwordKey(slot)]);
  const problems = { noName: 'a name', twice: 'a name of its own', noPassword: 'a password' };
  const users = stored.map((user) => {
    const { slot, name, role } = user;
    const problem = userProblem(user, stored, has);
    if (problem !== null) {
      throw new GoodpartError('GP_CONFIG_INVALID', `Expected ${problems[problem]} for user "${name}"`, {
        field: 'users',
      });
    }
    return { name: name.trim(), password: credentials[passwordKey(slot)], role };
  });
  if (!allowAnonymous && users.length === 0) {
    throw invalidParameter('users', 'a user, as anonymous clients are not allowed', 'none', 'GP_CONFIG_INVALID');
  }
  return { host, port, allowAnonymous, allowNone, maxSessions, applicationUri, users, pkiDir };
}

/** Settings of the client of a PLC. */
export function clientOptions(values: Values, credentials: Credentials, pkiDir: string): OpcUaClientOptions {
  const { url, security, template, publishMs, timeoutMs } = values;
  const { clientUser: user = '', clientPassword: password = '' } = credentials;
  return { url, security, user, password, pkiDir, template, publishMs, timeoutMs };
}
