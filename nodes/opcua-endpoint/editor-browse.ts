import { AskError, askToDo } from '../../lib/node-red/editor/ask.ts';
import type { Form } from '../../lib/node-red/editor/form.ts';
import { type TemplatePreset, templateFor, templatePresets } from './template.ts';

interface Found {
  name: string;
  nodeId: string;
  nodeClass: string;
  dataType: string;
}

interface Level {
  nodes: Found[];
  /** There are more than these. */
  more: boolean;
}

const keptPassword = '__PWRD__';

/** A test of the connection, and the PLC's tree: one level at a time, choosing a node fills in the template. */
export function showBrowser(form: Form, testPlace: JQuery, place: JQuery): void {
  const { t } = form;
  const ending = new AbortController();
  form.onClose(() => ending.abort());

  const ask = async (nodeId: string): Promise<Level> => {
    const { url, security } = form.values();
    const typed = String(form.control('clientPassword').val());
    const asked = {
      ...{ url, security, nodeId, owner: form.node.id, user: String(form.control('clientUser').val()) },
      password: typed === keptPassword ? '' : typed,
    };
    return askToDo<Level>('goodpart/opcua/browse', asked, ending.signal);
  };
  const sentence = (thrown: unknown) => {
    const refused = thrown instanceof AskError && (thrown.status === 401 || thrown.status === 403);
    return refused ? t('browse.notAllowed') : String((thrown as Error).message);
  };
  /** Runs it with the button locked; what prevents it is said at `words`. */
  const run = (button: JQuery, words: JQuery, work: () => Promise<void>) => {
    button.prop('disabled', true);
    words.attr('class', 'goodpart-hint').text(t('browse.asking'));
    work()
      .catch((thrown: unknown) => {
        if (!ending.signal.aborted) words.attr('class', 'goodpart-problem').text(sentence(thrown));
      })
      .finally(() => button.prop('disabled', false));
  };

  const test = $('<button type="button" class="red-ui-button goodpart-test">').text(t('browse.test'));
  const tested = $('<div role="status">');
  test.on('click', () =>
    run(test, tested, async () => {
      const { nodes } = await ask('');
      tested.text(t('browse.works', { number: nodes.length }));
    }),
  );
  testPlace.append($('<div class="goodpart-tools">').append(test), tested);

  const preset = $('<select>').attr('aria-label', t('browse.preset'));
  $('<option value="">').text(t('browse.preset')).appendTo(preset);
  for (const name of Object.keys(templatePresets))
    $('<option>')
      .val(name)
      .text(t(`preset.${name}`))
      .appendTo(preset);
  preset.on('change', () => {
    const chosen = templatePresets[preset.val() as TemplatePreset];
    if (chosen !== undefined) form.set('template', chosen);
    preset.val('');
  });
  const browse = $('<button type="button" class="red-ui-button goodpart-browse">').text(t('browse.button'));
  const words = $('<div role="status">');
  const tree = $('<ul class="goodpart-tree" role="tree">').attr('aria-label', t('browse.button'));

  const said = ({ nodes, more }: Level, otherwise: string) =>
    words.text(nodes.length === 0 ? t('browse.empty') : more ? t('browse.more', { number: nodes.length }) : otherwise);
  const level = (into: JQuery, nodes: readonly Found[]) => {
    into.empty();
    for (const { name, nodeId, nodeClass, dataType } of nodes) {
      const below = $('<ul role="group">').hide();
      const open = $('<button type="button" aria-expanded="false">').text(name);
      const choose = $('<button type="button" class="red-ui-button red-ui-button-small">').text(t('browse.choose'));
      open.on('click', () => {
        const isOpen = open.attr('aria-expanded') === 'true';
        open.attr('aria-expanded', String(!isOpen));
        below.toggle(!isOpen);
        if (isOpen) return;
        run(open, words, async () => {
          const found = await ask(nodeId);
          said(found, '');
          level(below, found.nodes);
        });
      });
      choose.on('click', () => {
        const template = templateFor(nodeId);
        if (template === null) words.attr('class', 'goodpart-problem').text(t('browse.noText', { nodeId }));
        else {
          form.set('template', template);
          words.attr('class', 'goodpart-hint').text(t('browse.chosen', { name }));
        }
      });
      const about = [nodeId, dataType].filter(Boolean).join(' · ');
      const head = $('<div>').append(
        open,
        $('<small>').text(about),
        nodeClass === 'Object' || templateFor(nodeId) ? choose : $(),
      );
      $('<li role="treeitem">').append(head, below).appendTo(into);
    }
  };
  browse.on('click', () =>
    run(browse, words, async () => {
      const found = await ask('');
      said(found, t('browse.hint'));
      level(tree, found.nodes);
    }),
  );
  place.append($('<div class="goodpart-tools">').append(preset, browse), words, tree);
}
