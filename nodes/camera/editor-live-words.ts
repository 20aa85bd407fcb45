import type { LiveLook } from '../../lib/capture/live-watch.ts';
import type { Translate } from '../../lib/node-red/editor/dialog.ts';

/** One line of a table. */
export interface Row {
  name: string;
  value: string;
  warns?: boolean;
}

/** The words for a key, or `otherwise` where no language file knows it: sources bring settings of their own. */
export function wordsOr(t: Translate, key: string, otherwise: string): string {
  const words = t(key);
  return words.endsWith(key) ? otherwise : words;
}

export function ageWords(ms: number, t: Translate): string {
  const seconds = ms / 1000;
  if (seconds < 10) return t('live.seconds', { age: seconds.toFixed(1) });
  if (seconds < 120) return t('live.seconds', { age: Math.round(seconds) });
  if (seconds < 7_200) return t('live.minutes', { age: Math.round(seconds / 60) });
  return t('live.hours', { age: Math.round(seconds / 3600) });
}

/** Size, "8 bit JPEG 83 kB", when it was exposed. */
export function frameWords({ frame, figures }: Pick<LiveLook, 'frame' | 'figures'>, t: Translate): string[] {
  if (frame === null) return [];
  const size = figures ?? frame;
  const words: string[] = [];
  if (size.width && size.height) words.push(`${size.width} × ${size.height} px`);
  const depth = figures?.histogram.bitDepth ?? frame.bitDepth;
  const coding = frame.encoding === 'raw' ? t('live.raw') : frame.encoding.toUpperCase();
  words.push([depth ? t('live.bits', { bits: depth }) : '', coding, bytesWords(frame.bytes)].filter(Boolean).join(' '));
  words.push(new Date(frame.exposedUtc).toLocaleTimeString());
  return words;
}

function bytesWords(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.max(1, Math.round(bytes / 1000))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** What runs, then what the device says of itself, in the device's own order. */
export function settingRows({ running, settings }: LiveLook, t: Translate): Row[] {
  const rows: Row[] = [];
  if (running) rows.push({ name: t('live.running'), value: running });
  for (const [key, value] of Object.entries(settings)) {
    const shown = typeof value === 'boolean' ? t(value ? 'live.yes' : 'live.no') : String(value);
    rows.push({ name: wordsOr(t, `setting.${key}`, key), value: shown });
  }
  return rows;
}

/** Frames seen, always; losses only where there were any, so that none are overlooked. */
export function lossRows({ counters, restarts }: Pick<LiveLook, 'counters' | 'restarts'>, t: Translate): Row[] {
  const { exposed, delivered, superseded, ...losses } = counters;
  const told = { exposed, delivered, ...(superseded > 0 ? { superseded } : {}) };
  const plain = Object.entries(told).map(([key, count]) => ({ name: t(`count.${key}`), value: String(count) }));
  const lost = Object.entries({ ...losses, restarts }).flatMap(([key, count]) =>
    count > 0 ? [{ name: t(`count.${key}`), value: String(count), warns: true }] : [],
  );
  return [...plain, ...(lost.length > 0 ? lost : [{ name: t('count.losses'), value: t('count.none') }])];
}

/** "Device", with what people should see; the whole of what runs has its place among the settings. */
export function stateWords({ status, device, running }: Pick<LiveLook, 'status' | 'device' | 'running'>): string {
  const all = `${device}: ${running}`;
  return device && running && status.text.startsWith(all) ? device + status.text.slice(all.length) : status.text;
}
