import type { Editor } from '../../lib/node-red/editor/dialog.ts';
import { showToken } from './editor-kserve.ts';

export const editor: Editor = {
  summary: ({ model, version }) => [model, version].filter(Boolean).join(' '),
  prepare: showToken,
};
