import type { NodeConfig, Stored } from '../config/config.ts';
import type { Field } from '../config/fields.ts';
import type { Translate } from './dialog.ts';

/** The open dialog of one node: its rows were generated from the configuration, this reads and fills them. */
export class Form {
  readonly node: EditorNode;
  readonly t: Translate;
  readonly #fields: [string, Field][];
  readonly #version: number;
  readonly #prefix: string;
  readonly #structures: Stored = {};
  readonly #listeners: (() => void)[] = [];
  readonly #closers: (() => void)[] = [];

  constructor(node: EditorNode, config: NodeConfig, t: Translate) {
    this.node = node;
    this.t = t;
    this.#fields = Object.entries(config.fields);
    this.#version = config.version;
    this.#prefix = config.category === 'config' ? 'node-config-input-' : 'node-input-';
  }

  /** The input, select or checkbox of a field. */
  control(field: string): JQuery {
    return $(`#${this.#prefix}${field}`);
  }

  /** The row of a field, or the place in the form that `data-field` names. */
  row(field: string): JQuery {
    return this.control('configVersion').closest('.goodpart-form').find(`[data-field="${field}"]`);
  }

  /** Shows a migrated node; what an old flow does not have is shown as its default. */
  fill(stored: Stored): void {
    this.control('configVersion').val(String(this.#version));
    for (const [key, field] of this.#fields) {
      const value = stored[key] ?? field.default;
      const control = this.control(key);
      if (field.kind === 'structure') this.#structures[key] = structuredClone(value);
      else if (field.kind === 'flag') control.prop('checked', value === true || value === 'true');
      else if (field.kind !== 'node') control.val(Array.isArray(value) ? value.join(', ') : String(value));
      if (field.kind === 'property') control.typedInput({ types: ['msg'] });
      control.on('change keyup paste input', () => this.changed());
    }
  }

  /** What the form shows now, as it would be stored. */
  values(): Stored {
    const values: Stored = { configVersion: this.#version };
    for (const [key, { kind }] of this.#fields) {
      const control = this.control(key);
      if (kind === 'structure') values[key] = this.#structures[key];
      else values[key] = kind === 'flag' ? control.prop('checked') === true : String(control.val() ?? '');
    }
    return values;
  }

  /** Writes a value into its row, as if the user had. */
  set(field: string, value: string | number | boolean): void {
    const kind = this.#fields.find(([key]) => key === field)?.[1].kind;
    if (kind === undefined || kind === 'structure') return;
    const control = this.control(field);
    if (kind === 'flag') control.prop('checked', value === true || value === 'true');
    else control.val(String(value));
    control.trigger('change');
  }

  /** The structured values, for what no input of Node-RED's can save. */
  structures(): Stored {
    return { ...this.#structures };
  }

  setStructure(field: string, value: unknown): void {
    this.#structures[field] = value;
    this.changed();
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  changed(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Runs when the dialog is saved, cancelled or deleted: for what must not outlive it. */
  onClose(work: () => void): void {
    this.#closers.push(work);
  }

  close(): void {
    for (const work of this.#closers.splice(0)) work();
  }

  /** One sentence below each row that is wrong. */
  showProblems(problems: ReadonlyMap<string, string>): void {
    for (const [key] of this.#fields) {
      const row = this.row(key);
      const text = problems.get(key) ?? '';
      let place = row.children('.goodpart-problem');
      if (place.length === 0 && text) place = $('<div class="goodpart-problem" role="alert">').appendTo(row);
      if (place.text() !== text) place.text(text);
      place.toggle(text !== '');
    }
  }

  /** One sentence of the running node below the row that it is about; elsewhere there is none then. */
  showFault(field: string, text: string): void {
    const form = this.control('configVersion').closest('.goodpart-form');
    const place = field === '' || text === '' ? $() : this.row(field);
    form.find('.goodpart-fault').not(place.children()).remove();
    if (place.length === 0) return;
    const old = place.children('.goodpart-fault');
    const words = old.length > 0 ? old : $('<div class="goodpart-fault" role="alert">').appendTo(place);
    if (words.text() !== text) words.text(text);
  }

  /** Hides rows that mean nothing beside the others, and sections of which nothing is left. */
  showApplying(applies: (field: Field) => boolean): void {
    for (const [key, field] of this.#fields) this.row(key).toggleClass('goodpart-hidden', !applies(field));
    this.control('configVersion')
      .closest('.goodpart-form')
      .find('section')
      .each((_, section) => {
        const rows = $(section).find('[data-field]');
        $(section).toggleClass('goodpart-hidden', rows.length > 0 && rows.not('.goodpart-hidden').length === 0);
      });
  }
}
