import { addStyle } from '../../lib/node-red/editor/add-style.ts';
import type { Editor } from '../../lib/node-red/editor/dialog.ts';
import style from './editor.css';
import { cameraFinder } from './editor-find.ts';
import { LivePanel } from './editor-live.ts';
import { showPlan } from './editor-plan.ts';

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
  prepare: (form) => {
    addStyle('goodpart-camera-style', style);
    cameraFinder(form);
    showPlan(form);
    new LivePanel($('.goodpart-form .goodpart-live').last(), form);
  },
};
