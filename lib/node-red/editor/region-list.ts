import type { Measure, Roi } from '../../core/inspection.ts';
import type { Form } from './form.ts';
import { lastPicture } from './last-picture.ts';
import { PolygonBoard } from './polygon-board.ts';

/** A region while it is being typed: a limit that is no number yet is null, and is refused in one sentence. */
type Draft = Omit<Roi, 'areaAbove' | 'median' | 'warn' | 'fail'> & Record<Limit, number | null>;
type Limit = 'areaAbove' | 'median' | 'warn' | 'fail';

const measures: readonly Measure[] = ['maximum', 'percentile', 'area'];
const mostRegions = 16;

const parsed = (text: unknown): number | null => {
  const value = Number(text);
  return String(text).trim() === '' || !Number.isFinite(value) ? null : value;
};

/** The regions of a view: a list of what is measured with which limits, and a board to draw where. */
export class RegionList {
  readonly #form: Form;
  readonly #field: string;
  readonly #place: JQuery;
  readonly #board: PolygonBoard;
  readonly #list: JQuery;
  #regions: Draft[];
  #selected = -1;

  constructor(form: Form, field: string) {
    this.#form = form;
    this.#field = field;
    this.#regions = (form.structures()[field] ?? []) as Draft[];
    this.#place = form.row(field);
    const board = $('<div>').appendTo(this.#place);
    this.#board = new PolygonBoard(board, {
      change: (index, polygon) => {
        this.#regions[index].polygon = polygon;
        this.#changed();
      },
      select: (index) => this.#select(this.#regions[index]),
    });
    $('<div class="goodpart-hint">').text(form.t('board.help')).appendTo(this.#place);
    this.#tools().appendTo(this.#place);
    this.#list = $('<ol class="goodpart-regions">').appendTo(this.#place);
  }

  start(): void {
    this.#list.editableList<Draft | Record<string, never>>({
      addButton: this.#form.t('board.add'),
      removable: true,
      sortable: false,
      height: 'auto',
      addItem: (row, _index, data) => this.#addRow(row, data),
      removeItem: (data) => this.#forget(data as Draft),
    });
    // at once: until the row has faded away, somebody may have saved. Where nothing fades, the row is gone before this is told
    this.#list.on('click', '.red-ui-editableList-item-remove', ({ currentTarget }) =>
      this.#forget($(currentTarget).closest('li').find('.goodpart-region').data('region') as Draft),
    );
    const stored = this.#regions;
    this.#regions = [];
    for (const region of stored) this.#list.editableList('addItem', region);
    this.#selected = this.#regions.length > 0 ? 0 : -1;
    this.#changed();
  }

  #freeIndex(): number {
    for (let index = 1; index <= mostRegions; index++) {
      if (!this.#regions.some((region) => region.index === index)) return index;
    }
    return mostRegions + 1;
  }

  #forget(gone: Draft): void {
    this.#regions = this.#regions.filter((region) => region !== gone);
    this.#selected = Math.min(this.#selected, this.#regions.length - 1);
    this.#changed();
  }

  #select(region: Draft): void {
    this.#selected = this.#regions.indexOf(region);
    this.#changed();
  }

  #changed(): void {
    const { t } = this.#form;
    this.#place.find('.goodpart-region').each((_, row) => {
      const region = $(row).data('region') as Draft;
      const title = region.mode === 'ignore' ? t('region.ignoreTitle') : t('region.title', { number: region.index });
      $(row)
        .toggleClass('is-selected', region === this.#regions[this.#selected])
        .find('.goodpart-region-head > strong')
        .text(title);
      $(row)
        .find('.goodpart-region-limits')
        .toggle(region.mode === 'inspect');
      $(row)
        .find('[data-limit="areaAbove"]')
        .toggle(region.measure === 'area');
    });
    this.#board.show(
      this.#regions.map(({ polygon, name, mode }) => ({ polygon, label: name, dashed: mode === 'ignore' })),
      this.#selected,
    );
    this.#form.setStructure(this.#field, structuredClone(this.#regions));
  }

  #tools(): JQuery {
    const { t } = this.#form;
    const draw = $('<button type="button" class="red-ui-button red-ui-button-small">').text(t('board.draw'));
    draw.on('click', () => {
      const region = this.#regions[this.#selected];
      if (region) region.polygon = [];
      this.#changed();
    });
    return $('<div class="goodpart-tools">').append(draw, ...lastPicture(this.#form, this.#board));
  }

  #addRow(row: JQuery, data: Draft | Record<string, never>): void {
    const isNew = Object.keys(data).length === 0;
    const region = data as Draft;
    if (isNew) {
      const index = this.#freeIndex();
      const limits = { areaAbove: null, median: 0, warn: 1, fail: 2 };
      Object.assign(region, {
        index,
        name: `region${index}`,
        mode: 'inspect',
        polygon: [],
        measure: 'maximum',
        ...limits,
      });
    }
    this.#regions.push(region);
    const { t } = this.#form;
    const name = $('<input type="text">').val(region.name).attr('aria-label', t('region.name'));
    name.on('input', () => {
      region.name = String(name.val()).trim();
      this.#changed();
    });
    const mode = this.#choice(['inspect', 'ignore'], region.mode, (word) => {
      region.mode = word;
      region.index = word === 'ignore' ? 0 : this.#freeIndex();
    });
    const measure = this.#choice(measures, region.measure, (word) => {
      region.measure = word;
      if (word !== 'area') region.areaAbove = null;
    });
    const limits = $('<div class="goodpart-region-limits">').append(this.#labelled('measure', measure));
    for (const limit of ['areaAbove', 'median', 'warn', 'fail'] as const) limits.append(this.#limit(region, limit));
    const head = $('<div class="goodpart-region-head">').append(
      $('<strong>'),
      name,
      mode.attr('aria-label', t('region.mode')),
    );
    const body = $('<div class="goodpart-region">').data('region', region).append(head, limits).appendTo(row);
    body.on('focusin mousedown', () => {
      if (this.#regions[this.#selected] !== region) this.#select(region);
    });
    if (isNew) this.#select(region);
  }

  #limit(region: Draft, limit: Limit): JQuery {
    const input = $('<input type="number" step="any">').val(region[limit] ?? '');
    input.on('input', () => {
      region[limit] = parsed(input.val());
      this.#changed();
    });
    return this.#labelled(limit, input).attr('data-limit', limit);
  }

  #labelled(key: string, control: JQuery): JQuery {
    return $('<label>')
      .text(this.#form.t(`region.${key}`))
      .append(control);
  }

  #choice<W extends string>(words: readonly W[], chosen: W, on: (word: W) => void): JQuery {
    const select = $('<select>');
    for (const word of words)
      $('<option>')
        .val(word)
        .text(this.#form.t(`region.${word}`))
        .appendTo(select);
    select.val(chosen).on('change', () => {
      on(select.val() as W);
      this.#changed();
    });
    return select;
  }
}
