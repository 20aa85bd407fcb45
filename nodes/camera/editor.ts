import { addStyle } from '../../lib/node-red/editor/add-style.ts';
import type { Editor } from '../../lib/node-red/editor/dialog.ts';
import style from './editor.css';
import { cameraFinder } from './editor-find.ts';
import { gstreamerName, showNetworkLogin } from './editor-gstreamer.ts';
import { LivePanel } from './editor-live.ts';
import { showLogin } from './editor-login.ts';
import { showPlan } from './editor-plan.ts';

const lastPart = (path: unknown) =>
  String(path ?? '')
    .split(/[\\/]/)
    .filter(Boolean)
    .at(-1) ?? '';

const hostOf = (url: unknown) => (URL.canParse(String(url)) ? new URL(String(url)).host : String(url));

export const editor: Editor = {
  summary: (stored, t) => {
    const { source, path, genicamCamera, url } = stored;
    if (source === 'http') return url ? t('summary.http', { name: hostOf(url) }) : '';
    if (source === 'genicam') return t('summary.genicam', { name: String(genicamCamera ?? '') }).trim();
    if (source === 'gstreamer') return t('summary.gstreamer', { name: lastPart(gstreamerName(stored)) }).trim();
    return path || source === 'simulator' || source === 'push' ? t(`summary.${source}`, { name: lastPart(path) }) : '';
  },
  prepare: (form) => {
    addStyle('goodpart-camera-style', style);
    cameraFinder(form);
    showPlan(form);
    showLogin(form);
    showNetworkLogin(form);
    new LivePanel($('.goodpart-form .goodpart-live').last(), form);
  },
};
