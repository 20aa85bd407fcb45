import type { BackboneLayer, BackboneLayers } from '../../lib/learning/features/backbone-layers.ts';
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

/** A button below the layers' row: asks the runtime what the file offers, and ticks write into the row. */
function layerPicker(form: Form): void {
  const control = form.control('layers');
  const button = $('<button type="button" class="red-ui-button goodpart-layers-button">').text(form.t('layersButton'));
  const list = $('<div class="goodpart-layers" role="group">').attr('aria-label', form.t('label.layers'));
  const words = $('<div>');
  const say = (kind: 'problem' | 'note' | 'hint', text: string) =>
    $(`<div class="goodpart-${kind}">`)
      .attr('role', kind === 'problem' ? 'alert' : null)
      .text(text)
      .appendTo(words);

  const row = ({ name, kind, shape, stride, suggested, output }: BackboneLayer, chosen: Set<string>) => {
    const box = $('<input type="checkbox">').attr('value', name);
    box.prop('checked', chosen.size > 0 ? chosen.has(name) : suggested);
    box.on('change', () => {
      const ticked = list.find<HTMLInputElement>('input:checked').toArray();
      control.val(ticked.map(({ value }) => value).join(', ')).trigger('change');
    });
    const about = [shape.join(' × '), form.t(`layer.${kind}`), form.t('layer.stride', { stride: Math.round(stride) })];
    if (output) about.push(form.t('layer.output'));
    if (suggested) about.push(form.t('layer.suggested'));
    const text = $('<span>').append($('<b>').text(name), $('<small>').text(about.join(' · ')));
    $('<label class="goodpart-layer">').append(box, text).appendTo(list);
  };
  const show = ({ layers, normalisation, warnings }: Layers) => {
    words.empty();
    const chosen = new Set(namesIn(control.val()));
    const offered = new Set(layers.map(({ name }) => name));
    const unknown = [...chosen].filter((name) => !offered.has(name));
    if (unknown.length > 0) say('problem', form.t('layer.unknown', { names: unknown.join(', ') }));
    for (const layer of layers) row(layer, chosen);
    for (const warning of warnings) say('note', warning);
    say('hint', form.t('layer.pixels', { why: normalisation.why }));
  };

  button.on('click', () => {
    button.prop('disabled', true);
    list.empty();
    words.empty();
    say('hint', form.t('layer.reading'));
    $.getJSON('goodpart/learning/layers', { path: String(form.control('backbone').val()) }, show)
      .fail((answer) => {
        words.empty();
        say('problem', String(answer.responseJSON?.message ?? answer.statusText));
      })
      .always(() => button.prop('disabled', false));
  });
  form.row('layers').append($('<div class="goodpart-more">').append(button, list, words));
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
