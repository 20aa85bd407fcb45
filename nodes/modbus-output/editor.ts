import type { Editor } from '../../lib/node-red/editor/dialog.ts';

const registersPerSlot = 1000;

export const editor: Editor = {
  prepare(form) {
    form.onChange(() => {
      const base = Number(form.values().slot) * registersPerSlot;
      $('#goodpart-registers').text(form.t('registers', { base: String(base) }));
    });
  },
};
