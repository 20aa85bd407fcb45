import type { Editor } from '../../lib/node-red/editor/dialog.ts';

export const editor: Editor = {};
