import type { Editor } from '../../lib/node-red/editor/dialog.ts';
import { openPage } from '../../lib/node-red/editor/open-page.ts';

export const editor: Editor = {
  summary: ({ line, station }) => `${line} / ${station}`,
  prepare: (form) => {
    const button = $('<button type="button" class="red-ui-button goodpart-console">').text(form.t('console'));
    button.on('click', () => openPage('goodpart/overview'));
    $('.goodpart-intro').first().after($('<div class="goodpart-tools">').append(button));
  },
};
