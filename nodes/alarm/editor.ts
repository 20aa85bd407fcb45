import type { Editor } from '../../lib/node-red/editor/dialog.ts';

export const editor: Editor = {
  summary: ({ rule, ...values }, t) => `alarm ${t(`summary.${rule}`, values)}`,
};
