import type { DiscoveredSource } from '../../lib/capture/source.ts';
import { AskError, askJson } from '../../lib/node-red/editor/ask.ts';
import type { Form } from '../../lib/node-red/editor/form.ts';
import { fieldsOf, findable } from './discovered.ts';
import { wordsOr } from './editor-live-words.ts';

/** A button below the source: lists the devices that are there, and choosing one fills in its fields. */
export function cameraFinder(form: Form): void {
  const { t } = form;
  const button = $('<button type="button" class="red-ui-button goodpart-find">');
  const said = $('<div class="goodpart-hint" role="status">');
  const list = $('<div class="goodpart-found" role="group">').attr('aria-label', t('find.found'));
  const box = $('<div class="goodpart-more">').append(button, said, list);
  let source = '';

  const choose = (device: DiscoveredSource, chosen: JQuery) => {
    const fields = Object.entries(fieldsOf(device));
    for (const [field, value] of fields) form.set(field, value);
    list.children().attr('aria-pressed', 'false');
    chosen.attr('aria-pressed', 'true');
    said.text(t('find.filled', { name: device.name }));
  };
  const show = (found: readonly DiscoveredSource[]) => {
    said.text(found.length === 0 ? t('find.none') : t('find.choose', { number: found.length }));
    for (const device of found) {
      const about = Object.entries(fieldsOf(device)).map(([name, value]) => {
        return `${wordsOr(t, `label.${name}`, name)} ${wordsOr(t, `choice.${name}.${value}`, String(value))}`;
      });
      const one = $('<button type="button" class="goodpart-device" aria-pressed="false">');
      one.append($('<b>').text(device.name), $('<small>').text(about.join(' · ')));
      one.on('click', () => choose(device, one)).appendTo(list);
    }
  };
  const problem = (thrown: unknown) => {
    const refused = thrown instanceof AskError && (thrown.status === 401 || thrown.status === 403);
    const text = refused ? t('find.notAllowed') : thrown instanceof Error ? thrown.message : String(thrown);
    said.empty().append($('<div class="goodpart-problem" role="alert">').text(text));
  };
  const refresh = () => {
    const now = String(form.values().source);
    if (now === source) return;
    source = now;
    box.toggle(source in findable);
    button.text(t('find.button'));
    said.empty();
    list.empty();
  };

  const ending = new AbortController();
  form.onClose(() => ending.abort());
  button.on('click', () => {
    const asked = source;
    button.prop('disabled', true);
    list.empty();
    said.text(t('find.searching'));
    askJson<{ found: DiscoveredSource[] }>(`goodpart/cameras/${findable[asked]}`, ending.signal)
      .then(({ found }) => {
        if (source === asked) show(found);
      })
      .catch((thrown: unknown) => {
        if (!ending.signal.aborted) problem(thrown);
      })
      .finally(() => button.prop('disabled', false));
  });
  form.row('source').append(box);
  form.onChange(refresh);
  refresh();
}
