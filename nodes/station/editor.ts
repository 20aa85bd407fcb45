import type { Editor } from '../../lib/node-red/editor/dialog.ts';

/**
 * Opens the console in a window of its own. Fetched by ajax, which carries Node-RED's bearer token in a header: a plain link
 * would be refused under adminAuth, and a token in an address ends up in logs.
 */
function openConsole(): void {
  const page = window.open('about:blank');
  if (page === null) return;
  $.get('goodpart/overview', (html: string) => {
    const base = new URL('goodpart/', document.baseURI).href;
    page.document.open();
    page.document.write(html.replace('<head>', `<head><base href="${base}">`));
    page.document.close();
  });
}

export const editor: Editor = {
  summary: ({ line, station }) => `${line} / ${station}`,
  prepare: (form) => {
    const button = $('<button type="button" class="red-ui-button goodpart-console">').text(form.t('console'));
    button.on('click', openConsole);
    $('.goodpart-intro').first().after($('<div class="goodpart-tools">').append(button));
  },
};
