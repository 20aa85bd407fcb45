import type { Editor } from '../../lib/node-red/editor/dialog.ts';

export const editor: Editor = {
  summary: ({ rule, k, n, count, durationMs }, t) => `alarm ${t(`summary.${rule}`, { k, n, count, durationMs })}`,
};
