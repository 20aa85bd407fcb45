import type { Form } from './form.ts';
import type { PolygonBoard } from './polygon-board.ts';

/** A button that lays the station's last picture under the board, and a place for why there is none. Words: `board.picture`, `board.none`. */
export function lastPicture(form: Form, board: PolygonBoard): [JQuery, JQuery] {
  const { t, node } = form;
  const message = $('<span class="goodpart-hint">');
  const none = () => message.text(t('board.none'));
  const show = (blob: Blob | undefined) => {
    if (!blob?.size) {
      none();
      return;
    }
    const url = URL.createObjectURL(blob);
    const image = new Image();
    image.onerror = none;
    image.onload = () => {
      message.text('');
      board.setPicture(url, { width: image.naturalWidth, height: image.naturalHeight });
    };
    image.src = url;
  };
  const button = $('<button type="button" class="red-ui-button red-ui-button-small">').text(t('board.picture'));
  button.on('click', () => {
    // by ajax and not by <img src>, which would come without Node-RED's bearer token
    $.ajax({
      url: `goodpart/stations/${encodeURIComponent(String(form.values().station || node.station))}/last-frame`,
      xhrFields: { responseType: 'blob' },
      success: show,
      error: none,
    });
  });
  return [button, message];
}
