import type { Editor } from '../../lib/node-red/editor/dialog.ts';

export const editor: Editor = {
  summary: ({ source, intervalMs }, t) => (source === 'timer' ? t('summary', { interval: intervalMs }) : ''),
};
