import type { Polygon } from '../../lib/core/inspection.ts';
import type { Editor } from '../../lib/node-red/editor/dialog.ts';
import type { Form } from '../../lib/node-red/editor/form.ts';
import { lastPicture } from '../../lib/node-red/editor/last-picture.ts';
import { PolygonBoard } from '../../lib/node-red/editor/polygon-board.ts';

type Outlined = 'region' | 'partRegion';

/** One board for both outlines: the reference region, and the part's where part present is checked. */
function board(form: Form): void {
  const { t } = form;
  const place = form.row('region');
  let shown: Outlined = 'region';
  const polygonOf = (field: Outlined) => (form.structures()[field] ?? []) as Polygon;
  const fields = (): Outlined[] => (form.values().part === true ? ['region', 'partRegion'] : ['region']);

  const choice = $('<select>').attr('aria-label', t('board.which'));
  const drawing = new PolygonBoard($('<div>').appendTo(place), {
    change: (index, polygon) => form.setStructure(fields()[index], polygon),
    select: (index) => choose(fields()[index]),
  });
  const paint = () => {
    const known = fields();
    if (!known.includes(shown)) shown = 'region';
    choice.empty();
    for (const field of known)
      $('<option>')
        .val(field)
        .text(t(`label.${field}`))
        .appendTo(choice);
    choice.val(shown);
    const outlines = known.map((field) => ({
      polygon: polygonOf(field),
      label: t(`label.${field}`),
      dashed: field === 'partRegion',
    }));
    drawing.show(outlines, known.indexOf(shown));
    whole.toggle(polygonOf(shown).length === 0).text(t('board.whole'));
  };
  const choose = (field: Outlined) => {
    shown = field;
    paint();
  };
  choice.on('change', () => choose(choice.val() as Outlined));
  const clear = $('<button type="button" class="red-ui-button red-ui-button-small">').text(t('board.draw'));
  clear.on('click', () => form.setStructure(shown, []));
  const whole = $('<span class="goodpart-hint">');
  $('<div class="goodpart-hint">').text(t('board.help')).appendTo(place);
  $('<div class="goodpart-tools">')
    .append(choice, clear, ...lastPicture(form, drawing), whole)
    .appendTo(place);
  form.onChange(paint);
  paint();
}

export const editor: Editor = {
  prepare: board,
  fieldLabel(field, t) {
    const inside = /^(region|partRegion)(?:\[(\d+)\])?$/.exec(field);
    if (inside === null) return null;
    const [, outline, corner] = inside;
    const name = t(`label.${outline}`);
    return corner ? `${name}: ${t('board.corner', { number: Number(corner) + 1 })}` : name;
  },
};
