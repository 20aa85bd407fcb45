import type { GstreamerSettings } from './settings.ts';

/** What a pipeline's last lines say went wrong, in one sentence; empty where they say nothing. */
export function complaintIn(printed: readonly string[]): string {
  const lines = printed.filter((line) => line.trim() !== '');
  const errors = [...lines.keys()].filter(
    (i) => /^(ERROR|WARNING): /.test(lines[i]) && !/doesn't want to/.test(lines[i]),
  );
  // what follows from a cause may be printed before it: a stream that broke off, a server that hung up
  const ended = errors.filter((i) => lines[i].startsWith('ERROR') && !lines[i].includes('Internal data stream error'));
  const cause = ended.find((i) => !/(write to|read from) resource/.test(lines[i]));
  const unlinked = errors.find((i) => /not-linked|delayed linking/i.test(sentenceAt(lines, i)));
  const at = cause ?? unlinked ?? ended[0] ?? errors.at(-1);
  return (at === undefined ? (lines.at(-1) ?? '') : sentenceAt(lines, at)).slice(0, 300);
}

/** Behind the sentence for everybody: a heading, the place in GStreamer's source, and what really happened. */
function sentenceAt(lines: readonly string[], at: number): string {
  const sentence = lines[at].replace(/^\w+: (from element \S+: )?/, '');
  const detail = lines[at + 1]?.startsWith('Additional debug info') ? lines[at + 3] : undefined;
  return `${sentence}${detail === undefined || /^\w+: |^Execution/.test(detail) ? '' : ` ${detail}`}`;
}

/** What GStreamer complains of, with what to do about it where that is known. */
export function explained(complaint: string, settings: GstreamerSettings): string {
  const advice = adviceFor(complaint, settings);
  return advice === '' ? complaint : `${complaint} (${advice})`;
}

function adviceFor(complaint: string, settings: GstreamerSettings): string {
  if (/missing a plug-?in/i.test(complaint)) {
    return 'sudo apt install gstreamer1.0-libav gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly';
  }
  switch (settings.input) {
    case 'rtsp':
      if (/unauthorized/i.test(complaint)) return 'the camera wants a user and a password';
      if (/not-linked|could not link|delayed linking/i.test(complaint)) {
        return `does the camera send ${settings.codec === 'h264' ? 'H.265' : 'H.264'} instead?`;
      }
      return '';
    case 'usb':
      if (/not-negotiated/.test(complaint)) {
        return `does the camera give ${settings.format} at this size and rate? v4l2-ctl -d ${settings.device} --list-formats-ext tells`;
      }
      if (/busy/i.test(complaint)) return 'another program uses the camera';
      if (/permission/i.test(complaint)) return 'Node-RED’s user must belong to the group video';
      return '';
    case 'csi':
      return /Failed to create CaptureSession|TIMEOUT|Connection refused/i.test(complaint)
        ? 'sudo systemctl restart nvargus-daemon'
        : '';
    default:
      return '';
  }
}
