import type { BackboneLayers } from '../../lib/learning/features/backbone-layers.ts';
import type { Editor } from '../../lib/node-red/editor/dialog.ts';
import type { Form } from '../../lib/node-red/editor/form.ts';
import { openPage } from '../../lib/node-red/editor/open-page.ts';

/** What the route answers: names, shapes and suggestions. */
type Layers = Pick<BackboneLayers, 'layers' | 'normalisation' | 'warnings'>;

const namesIn = (text: unknown) =>
  String(text ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);

/** A button below the layers' row: asks the runtime what the file offers and ticks into the row. */
function layerPicker(form: Form): void {
  const place = form.row('layers');
  const button = $('<button type="button" class="red-ui-button goodpart-layers-button">').text(form.t('layersButton'));
  const list = $('<div class="goodpart-layers" role="group">').attr('aria-label', form.t('label.layers'));
  const control = form.control('layers');
  const show = ({ layers, normalisation, warnings }: Layers) => {
    list.empty();
    const chosen = new Set(namesIn(control.val()));
    for (const { name, kind, shape, stride, suggested, output } of layers) {
      const box = $('<input type="checkbox">').attr('value', name);
      box.prop('checked', chosen.size > 0 ? chosen.has(name) : suggested);
      box.on('change', () => {
        const ticked = list.find<HTMLInputElement>('input:checked').toArray();
        control.val(ticked.map(({ value }) => value).join(', ')).trigger('change');
      });
      const about = [
        shape.join(' × '),
        form.t(`layer.${kind}`),
        form.t('layer.stride', { stride: Math.round(stride) }),
      ];
      if (output) about.push(form.t('layer.output'));
      const row = $('<label class="goodpart-layer">').append(
        box,
        $('<b>').text(name),
        $('<span>').text(about.join(', ')),
      );
      row.appendTo(list);
    }
    for (const warning of warnings) $('<div class="goodpart-note">').text(warning).appendTo(list);
    $('<div class="goodpart-hint">')
      .text(form.t('layer.pixels', { why: normalisation.why }))
      .appendTo(list);
  };
  button.on('click', () => {
    list.text('…');
    $.getJSON('goodpart/learning/layers', { path: String(form.control('backbone').val()) }, show).fail((answer) => {
      list.empty().append($('<div class="goodpart-problem" role="alert">').text(answer.responseJSON?.message ?? ''));
    });
  });
  place.append(button, list);
}

function reportButton(form: Form): void {
  const button = $('<button type="button" class="red-ui-button goodpart-report">').text(form.t('report'));
  const problem = $('<div class="goodpart-problem" role="alert">').hide();
  button.on('click', () => {
    problem.hide();
    openPage(`goodpart/learning/${form.node.id}/report`, (message) => problem.text(message).show());
  });
  $('.goodpart-intro').first().after($('<div class="goodpart-tools">').append(button), problem);
}

export const editor: Editor = {
  summary: ({ model }) => (model ? `learn ${model}` : ''),
  prepare: (form) => {
    reportButton(form);
    layerPicker(form);
  },
};
