import type { ChannelHistogram, Histogram } from '../../lib/imaging/histogram.ts';
import type { Translate } from '../../lib/node-red/editor/dialog.ts';
import { plotDistributions, plotTrend, trendLength } from '../../lib/node-red/editor/plots.ts';

const colours: Record<ChannelHistogram['channel'], string> = {
  grey: '',
  red: '#e5484d',
  green: '#2f9e5f',
  blue: '#3f83f8',
};
/** From this share of clipped pixels on it is said in so many words: less is a reflection. */
const clippedFrom = 0.001;

const percent = (share: number) => `${(share * 100).toFixed(share < 0.0995 ? 1 : 0)} %`;

/** Title, a drawing and a line of words below it: the meaning is never in the drawing alone. */
function gauge(name: string, title: string) {
  const canvas = $('<canvas role="img">').attr('aria-label', title);
  const words = $('<div class="goodpart-gauge-words">');
  const head = $('<div class="goodpart-gauge-head">').append($('<strong>').text(title));
  const box = $(`<div class="goodpart-gauge goodpart-${name}">`).append(head, canvas, words);
  return { box, head, canvas: canvas[0] as unknown as HTMLCanvasElement, words };
}

/** How bright the picture is, channel by channel, and how much of it is lost at the ends of the range. */
export class HistogramGauge {
  readonly box: JQuery;
  readonly #t: Translate;
  readonly #gauge: ReturnType<typeof gauge>;

  constructor(t: Translate) {
    this.#t = t;
    this.#gauge = gauge('histogram', t('live.histogram'));
    this.box = this.#gauge.box;
  }

  show({ channels, to, window, bitDepth }: Histogram): void {
    const { canvas, words } = this.#gauge;
    plotDistributions(
      canvas,
      channels.map(({ channel, bins }) => ({ colour: colours[channel], bins })),
    );
    const worst = (end: 'clippedLow' | 'clippedHigh') => Math.max(...channels.map((channel) => channel[end]));
    const [dark, bright] = [worst('clippedLow'), worst('clippedHigh')];
    const mean = channels.reduce((sum, channel) => sum + channel.mean / channels.length, 0);
    const range = $('<span>').text(this.#t('live.range', { mean: Math.round(mean), to }));
    const ends = (key: string, share: number) =>
      share < clippedFrom ? null : $('<span class="goodpart-warns">').text(this.#t(key, { share: percent(share) }));
    const windowed = bitDepth === 8 ? null : $('<span>').text(this.#t('live.window', window));
    const clipped = [ends('live.tooDark', dark), ends('live.tooBright', bright)].filter((one) => one !== null);
    if (clipped.length === 0) clipped.push($('<span>').text(this.#t('live.notClipped')));
    words.empty().append(range, ...clipped, ...(windowed === null ? [] : [windowed]));
    canvas.setAttribute(
      'aria-label',
      `${this.#t('live.histogram')}: ${words
        .children()
        .toArray()
        .map((one) => one.textContent)
        .join(', ')}`,
    );
  }
}

/** How sharp the picture is, against the best that was seen since the dialog was opened: for turning a lens by hand. */
export class FocusGauge {
  readonly box: JQuery;
  readonly #t: Translate;
  readonly #gauge: ReturnType<typeof gauge>;
  readonly #bar = $('<div class="goodpart-meter" role="meter" aria-valuemin="0" aria-valuemax="100"><div></div></div>');
  #values: number[] = [];
  #best = 0;

  constructor(t: Translate) {
    this.#t = t;
    this.#gauge = gauge('focus', t('live.focus'));
    this.box = this.#gauge.box;
    const again = $('<button type="button" class="red-ui-button red-ui-button-small">').text(t('live.focusAgain'));
    again.on('click', () => {
      this.#values = this.#values.slice(-1);
      this.#best = this.#values.at(-1) ?? 0;
      this.#draw();
    });
    this.#bar.attr('aria-label', t('live.focus'));
    this.#gauge.head.append(again);
    this.#gauge.head.after(this.#bar);
  }

  /** The measure of one more picture; null where its middle shows nothing. */
  show(value: number | null): void {
    if (value === null) {
      this.#gauge.words.text(this.#t('live.focusNone'));
      return;
    }
    this.#values = [...this.#values, value].slice(-trendLength);
    this.#best = Math.max(this.#best, value);
    this.#draw();
  }

  #draw(): void {
    const value = this.#values.at(-1) ?? 0;
    const share = this.#best > 0 ? value / this.#best : 0;
    const { canvas, words } = this.#gauge;
    const whole = Math.round(share * 100);
    this.#bar.attr('aria-valuenow', whole).toggleClass('is-best', whole >= 98);
    this.#bar.children().css('width', `${whole}%`);
    const digits = (number: number) => (number >= 100 ? number.toFixed(0) : number.toPrecision(3));
    const text = this.#t('live.focusWords', { value: digits(value), best: digits(this.#best), share: whole });
    words.text(text);
    this.#bar.attr('aria-valuetext', text);
    canvas.setAttribute('aria-label', text);
    plotTrend(canvas, this.#values, this.#best, getComputedStyle(this.#bar.children()[0]).backgroundColor);
  }
}
