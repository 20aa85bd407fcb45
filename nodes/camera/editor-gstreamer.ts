import type { Form } from '../../lib/node-red/editor/form.ts';

/** Credentials are no fields of the configuration and know no `when`: a network camera alone has these. */
export function showNetworkLogin(form: Form): void {
  form.onChange(() => {
    const { source, gstInput } = form.values();
    const shown = source === 'gstreamer' && gstInput === 'rtsp';
    for (const field of ['rtspUser', 'rtspPassword']) form.row(field).toggleClass('goodpart-hidden', !shown);
  });
}

/** What tells one such camera from another, in the label of a node without a name. */
export function gstreamerName({ gstInput, usbDevice, sensorId, rtspUrl, videoFile }: Record<string, unknown>): string {
  const url = String(rtspUrl ?? '');
  const names: Record<string, unknown> = {
    usb: usbDevice,
    csi: `CSI ${sensorId}`,
    rtsp: URL.canParse(url) ? new URL(url).hostname : '',
    file: videoFile,
  };
  return String(names[String(gstInput)] ?? '');
}
