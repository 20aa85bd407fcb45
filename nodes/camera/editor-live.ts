import type { LiveLook } from '../../lib/capture/live-watch.ts';
import { AskError, askBlob, askJson, askToDo } from '../../lib/node-red/editor/ask.ts';
import type { Form } from '../../lib/node-red/editor/form.ts';
import { Poll } from '../../lib/node-red/editor/poll.ts';
import { fieldOf } from './discovered.ts';
import { FocusGauge, HistogramGauge } from './editor-gauges.ts';
import { ageWords, frameWords, lossRows, type Row, settingRows, stateWords } from './editor-live-words.ts';

/** Milliseconds until the next look: soon while pictures come, rarely where there is nothing to see. */
const soon = 200;
const idle = 600;
const later = 2_000;
/** While the dialog is open that hardly changes: it is not deployed, or the user may not look. */
const rarely = 15_000;
/** Looks without a new picture until it becomes `idle`. */
const patience = 10;

/** What the deployed camera sees, while the dialog is open and in sight; looking exposes nothing. */
export class LivePanel {
  readonly #form: Form;
  readonly #url: string;
  readonly #state = $('<div class="goodpart-live-state" role="status"><i></i><span></span></div>');
  readonly #image = $('<img>');
  readonly #empty = $('<p>');
  readonly #caption = $('<div class="goodpart-live-caption"><b></b><span></span></div>').hide();
  readonly #note = $('<div class="goodpart-problem" role="alert">').hide();
  readonly #stale = $('<div class="goodpart-note">').hide();
  readonly #histogram: HistogramGauge;
  readonly #focus: FocusGauge;
  readonly #gauges = $('<div class="goodpart-gauges">').hide();
  readonly #settings: Fold;
  readonly #losses: Fold;
  readonly #body = $('<div class="goodpart-live-body">').hide();
  readonly #take: JQuery;
  readonly #read: JQuery;
  readonly #poll: Poll | undefined;
  #shown: string | null = null;
  #unchanged = 0;
  #address = '';
  #look: { answer: LiveLook; at: number } | undefined;
  readonly #clock: number;

  constructor(place: JQuery, form: Form) {
    this.#form = form;
    this.#url = `goodpart/camera/${encodeURIComponent(form.node.id)}`;
    const { t } = form;
    this.#histogram = new HistogramGauge(t);
    this.#focus = new FocusGauge(t);
    const button = (name: string, work: () => Promise<void>) => this.#button(name, work);
    this.#take = button('take', () => this.#takePicture());
    this.#read = button('read', () => this.#readSettings());
    this.#settings = fold(t('live.settings'), this.#read);
    this.#losses = fold(t('live.losses'));
    this.#state.append(this.#take.hide());
    this.#image.attr('alt', t('live.alt')).hide();
    this.#body.append(
      $('<figure>').append(this.#image, this.#empty),
      this.#caption,
      this.#gauges.append(this.#histogram.box, this.#focus.box),
      this.#settings.box,
      this.#losses.box,
    );
    place.append(this.#state, this.#note, this.#body, this.#stale.text(t('live.stale')));
    this.#say('waits', t('live.connecting'));
    this.#clock = window.setInterval(() => this.#showAge(), 500);
    if (form.node.source === 'push') this.#say('waits', t('live.pushed'));
    else this.#poll = new Poll(place[0], (signal) => this.#ask(signal));
    const before = JSON.stringify(form.values());
    form.onChange(() => this.#stale.toggle(this.#look !== undefined && JSON.stringify(form.values()) !== before));
    form.onClose(() => this.#stop());
  }

  #button(name: string, work: () => Promise<void>): JQuery {
    const { t } = this.#form;
    const button = $(`<button type="button" class="red-ui-button goodpart-${name}">`).text(t(`live.${name}`));
    button.attr('title', t(`live.${name}Title`));
    button.on('click', () => {
      button.prop('disabled', true);
      this.#note.hide();
      work()
        .catch((thrown: unknown) => this.#note.text(this.#sentence(thrown)).show())
        .finally(() => button.prop('disabled', false));
    });
    return button;
  }

  async #ask(signal: AbortSignal): Promise<number> {
    try {
      const answer = await askJson<LiveLook>(`${this.#url}/live`, signal);
      if (signal.aborted) return later;
      await this.#show(answer, signal);
      return this.#unchanged > patience ? idle : soon;
    } catch (thrown) {
      if (!signal.aborted) this.#failed(thrown);
      return thrown instanceof AskError && [401, 403, 404].includes(thrown.status) ? rarely : later;
    }
  }

  async #show(answer: LiveLook, signal: AbortSignal): Promise<void> {
    const { t } = this.#form;
    this.#look = { answer, at: performance.now() };
    const { status, frame, figures, delivery, problem } = answer;
    const key = frame === null ? null : `${frame.number} ${frame.exposedAt}`;
    this.#say(status.connected ? 'good' : 'bad', stateWords(answer));
    this.#body.show();
    const waits = delivery === 'on-demand' ? 'live.noneYetOnDemand' : 'live.noneYet';
    this.#empty.text(problem ?? t(waits)).toggle(problem !== null || frame === null);
    this.#take.toggle(delivery === 'on-demand');
    this.#read.toggle(status.connected);
    fill(this.#settings, settingRows(answer, t));
    fill(this.#losses, lossRows(answer, t));
    this.#showFault(answer);
    this.#unchanged = key === this.#shown ? this.#unchanged + 1 : 0;
    if (key !== this.#shown && figures !== null) {
      const picture = await askBlob(`${this.#url}/live/picture`, signal);
      if (signal.aborted) return;
      this.#hang(picture);
      this.#gauges.show();
      this.#histogram.show(figures.histogram);
      this.#focus.show(figures.focus);
    }
    this.#shown = key;
    this.#image.toggle(problem === null && this.#address !== '');
    this.#showAge();
  }

  #hang(picture: Blob): void {
    const old = this.#address;
    this.#address = URL.createObjectURL(picture);
    this.#image.attr('src', this.#address);
    if (old) URL.revokeObjectURL(old);
  }

  #showAge(): void {
    if (this.#look === undefined) return;
    const { answer, at } = this.#look;
    const { t } = this.#form;
    const { frame, ageMs } = answer;
    this.#caption.toggle(frame !== null);
    if (frame === null || ageMs === null) return;
    const age = ageWords(ageMs + performance.now() - at, t);
    this.#caption.children('b').text(t('live.picture', { number: frame.number, age }));
    this.#caption.children('span').text(frameWords(answer, t).join(' · '));
  }

  /** What the source says of its settings is said at the field in which the setting was chosen. */
  #showFault({ error }: LiveLook): void {
    const source = String(this.#form.node.source ?? '');
    const field = error?.field ? fieldOf(source, error.field) : '';
    this.#form.showFault(field, error?.message ?? '');
  }

  #failed(thrown: unknown): void {
    const missing = thrown instanceof AskError && [404, 409].includes(thrown.status);
    if (missing) {
      this.#body.hide();
      this.#take.hide();
      this.#look = undefined;
    }
    this.#say(missing ? 'waits' : 'bad', this.#sentence(thrown));
  }

  #sentence(thrown: unknown): string {
    const { t } = this.#form;
    if (!(thrown instanceof AskError)) return String(thrown);
    if (thrown.status === 0) return t('live.noAnswer');
    if (thrown.status === 401 || thrown.status === 403) return t('live.notAllowed');
    // what else a 409 or a 404 says in English is said in the user's language here
    if (thrown.status === 409) return t('live.starting');
    return thrown.status === 404 ? t('live.deployFirst') : thrown.message;
  }

  #say(kind: 'good' | 'bad' | 'waits', text: string): void {
    this.#state.attr('data-kind', kind);
    const words = this.#state.children('span');
    if (words.text() !== text) words.text(text);
  }

  async #takePicture(): Promise<void> {
    await askToDo(`${this.#url}/picture`);
    this.#unchanged = 0;
    this.#poll?.nudge();
  }

  async #readSettings(): Promise<void> {
    const { settings } = await askToDo<Pick<LiveLook, 'settings'>>(`${this.#url}/settings`);
    if (this.#look !== undefined) fill(this.#settings, settingRows({ ...this.#look.answer, settings }, this.#form.t));
  }

  #stop(): void {
    this.#poll?.stop();
    window.clearInterval(this.#clock);
    if (this.#address) URL.revokeObjectURL(this.#address);
  }
}

/** A table that opens; closed, its first values stand beside its title. */
interface Fold {
  box: JQuery;
  short: JQuery;
  rows: JQuery;
}

function fold(title: string, ...below: JQuery[]): Fold {
  const short = $('<span>');
  const rows = $('<tbody>');
  const head = $('<summary>').append($('<b>').text(title), short);
  return { box: $('<details>').append(head, $('<table>').append(rows), ...below), short, rows };
}

function fill({ box, short, rows }: Fold, values: readonly Row[]): void {
  const text = JSON.stringify(values);
  if (rows.data('shown') === text) return;
  rows.data('shown', text).empty();
  box.toggle(values.length > 0);
  const warning = values.filter(({ warns }) => warns === true);
  short.text((warning.length > 0 ? warning : values).map(({ name, value }) => `${name}: ${value}`).join(' · '));
  short.toggleClass(
    'goodpart-warns',
    values.some(({ warns }) => warns === true),
  );
  for (const { name, value, warns } of values) {
    const cell = $('<td>')
      .text(value)
      .toggleClass('goodpart-warns', warns === true);
    $('<tr>').append($('<th scope="row">').text(name), cell).appendTo(rows);
  }
}
