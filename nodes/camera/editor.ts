import type { Editor } from '../../lib/node-red/editor/dialog.ts';

const lastPart = (path: unknown) =>
  String(path ?? '')
    .split(/[\\/]/)
    .filter(Boolean)
    .at(-1) ?? '';

export const editor: Editor = {
  summary: ({ source, path, genicamCamera }, t) => {
    if (source === 'genicam') return t('summary.genicam', { name: String(genicamCamera ?? '') }).trim();
    return path || source === 'simulator' ? t(`summary.${source}`, { name: lastPart(path) }) : '';
  },
};
