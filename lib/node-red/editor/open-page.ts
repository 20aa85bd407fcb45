/**
 * Opens a page of the admin API (`goodpart/…`) in a window of its own. Fetched by ajax, which carries Node-RED's bearer token in a
 * header: a plain link would be refused under adminAuth, and a token in an address ends up in logs. `failed` gets the answer's
 * sentence where there is no such page.
 */
export function openPage(path: string, failed: (message: string) => void = () => {}): void {
  const page = window.open('about:blank');
  if (page === null) return;
  $.get(path, (html: string) => {
    const base = new URL(path.slice(0, path.lastIndexOf('/') + 1), document.baseURI).href;
    page.document.open();
    page.document.write(html.replace('<head>', `<head><base href="${base}">`));
    page.document.close();
  }).fail((answer) => {
    page.close();
    failed(String(answer.responseJSON?.message ?? answer.statusText));
  });
}
