import type { GstreamerSettings } from './settings.ts';

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
