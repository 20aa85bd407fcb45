import type { Editor } from '../../lib/node-red/editor/dialog.ts';

export const editor: Editor = {
  summary: ({ host, port }) => `${host}:${port}`,
  prepare(form) {
    form.onChange(() => {
      const { host, port } = form.values();
      $('#goodpart-address').text(form.t('address', { url: `opc.tcp://${host}:${port}` }));
    });
  },
};
