import type { Editor } from '../../lib/node-red/editor/dialog.ts';

const lastPart = (path: unknown) =>
  String(path ?? '')
    .split(/[\\/]/)
    .filter(Boolean)
    .at(-1) ?? '';

export const editor: Editor = {
  summary: ({ source, path }, t) =>
    path || source === 'simulator' ? t(`summary.${source}`, { name: lastPart(path) }) : '',
};
