import type { Editor } from '../../lib/node-red/editor/dialog.ts';
import { openPage } from '../../lib/node-red/editor/open-page.ts';

export const editor: Editor = {
  summary: ({ protocol, host, port, url }) => (protocol === 'opcua' ? String(url) : `${host}:${port}`),
  prepare: (form) => {
    const button = $('<button type="button" class="red-ui-button goodpart-belt">').text(form.t('belt'));
    const problem = $('<div class="goodpart-problem" role="alert">').hide();
    button.on('click', () => {
      problem.hide();
      openPage(`goodpart/plc-simulator/${form.node.id}/belt`, (message) => problem.text(message).show());
    });
    $('.goodpart-intro').first().after($('<div class="goodpart-tools">').append(button), problem);
  },
};
