import type { Editor } from '../../lib/node-red/editor/dialog.ts';

const registersPerSlot = 1000;

export const editor: Editor = {
  prepare(form) {
    form.onChange(() => {
      const { slot, endpoint } = form.values();
      const place = RED.nodes.node(String(endpoint));
      const inPlc = place?.role === 'client';
      const base = (inPlc ? Number(place.base) : 0) + Number(slot) * registersPerSlot;
      $('#goodpart-registers').text(form.t(inPlc ? 'inPlc' : 'registers', { base: String(base) }));
    });
  },
};
