import { topicsOf } from '../../lib/core/topics.ts';
import type { Editor } from '../../lib/node-red/editor/dialog.ts';

export const editor: Editor = {
  prepare(form) {
    form.onChange(() => {
      const { root, station } = form.values();
      const found = RED.nodes.node(String(station)) as { line?: string; station?: string } | null;
      if (!found?.line || !found.station) return $('#goodpart-topics').empty();
      const { result, status } = topicsOf({ root: String(root), line: found.line, station: found.station });
      const gone = '{"schema":1,"kind":"status","state":"gone"}';
      const rows = [
        [form.t('topics.result'), result],
        [form.t('topics.status'), status],
        [form.t('topics.will'), gone],
      ].map(([name, value]) => $('<div>').text(`${name}: `).append($('<code>').text(value)));
      return $('#goodpart-topics').empty().append(rows);
    });
  },
};
