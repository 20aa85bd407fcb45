/** A token in the address lets a signed-in editor open a page; it is taken out of the address at once. */
const givenToken = new URLSearchParams(location.search).get('access_token');
if (givenToken) history.replaceState(null, '', location.pathname);

/** As Node-RED's editor keeps it: under a name that ends in the admin root's path. */
export function token(): string | null {
  // not location: a window that the editor wrote the page into has none of its own
  const suffix = new URL(document.baseURI).pathname.replace(/\/goodpart\/.*$/, '').replace(/\//g, '-');
  try {
    const stored = JSON.parse(localStorage.getItem(`auth-tokens${suffix}`) ?? 'null') as {
      access_token?: string;
    } | null;
    return stored?.access_token ?? givenToken;
  } catch {
    return givenToken;
  }
}
