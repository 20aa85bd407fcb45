/** No Node.js here: the editor's half of the model node checks addresses by this too. */

const most = 16;

export const addressesExpected =
  `1 to ${most} different http or https addresses with commas between, without user, password and query ` +
  '(a token belongs to the credentials)';

/** The addresses of replicas as they are typed, without a slash at the end; null where one cannot be used. */
export function parseAddresses(typed: string): string[] | null {
  const words = typed.split(/[\s,]+/).filter((word) => word !== '');
  const addresses = words.map(addressOf);
  const usable = addresses.filter((address) => address !== null);
  const different = new Set(usable).size === words.length;
  return different && words.length >= 1 && words.length <= most ? usable : null;
}

function addressOf(word: string): string | null {
  if (!/^https?:\/\//i.test(word) || !URL.canParse(word)) return null;
  const { protocol, host, pathname, username, password, search, hash } = new URL(word);
  if (host === '' || username !== '' || password !== '' || search !== '' || hash !== '') return null;
  return `${protocol}//${host}${pathname.replace(/\/+$/, '')}`;
}

/** Whether what is sent there can be read by others on the way. */
export function isOpen(address: string): boolean {
  const { protocol, hostname } = new URL(address);
  const here = hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
  return protocol === 'http:' && !here;
}
