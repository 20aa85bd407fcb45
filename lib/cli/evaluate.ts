import { resolve } from 'node:path';
import type { CountedShare, Evaluation, Milliseconds } from '../learning/evaluation/evaluate.ts';
import { type Answer, type CommandSpec, exitCodes, exitCodesHelp, type Given } from './command.ts';
import { ProgressBar } from './progress.ts';
import { percent, shownScore, table } from './table.ts';

const usage = `goodpart evaluate --model DIR --data DIR [options]

How well a model tells defects from good parts, on labelled pictures that it has not learned from,
scored as a station scores them.

  --model DIR              folder with model.onnx and model.json
  --data DIR               in the layout of MVTec AD: test/good, test/<defect>, and where there are
                           masks ground_truth/<defect>/<name>_mask.png
  --threads N              threads of one run; default 1, which is what a station uses
  --pixels own|N           pixel figures in each mask's own size (default, as MVTec AD's own
                           evaluation has them), or maps and masks brought to N x N
  --min-image-auroc X      the answer is "no" where the figure is below X, or where there is none
  --min-pixel-auroc X
  --min-aupro X
  --json                   one JSON object: imageAuroc, pixelAuroc, aupro, defects, falseRejects,
                           detected, milliseconds, ...

imageAuroc: the probability that a defective picture scores above a good one; pixelAuroc: the same
of pixels. aupro: area under the per-region overlap up to a false-positive rate of 0.3 (Bergmann et
al. 2021). Intervals are those of Clopper and Pearson at 95 %.

${exitCodesHelp}`;

const least = { 'min-image-auroc': 'imageAuroc', 'min-pixel-auroc': 'pixelAuroc', 'min-aupro': 'aupro' } as const;

export const evaluateCommand: CommandSpec = {
  name: 'evaluate',
  usage,
  options: {
    model: { type: 'string' },
    data: { type: 'string' },
    threads: { type: 'string' },
    pixels: { type: 'string' },
    ...Object.fromEntries(Object.keys(least).map((name) => [name, { type: 'string' as const }])),
  },
  run,
};

async function run(given: Given, signal: AbortSignal): Promise<Answer> {
  const model = resolve(given.needed('model', 'the folder of a model'));
  const data = resolve(given.needed('data', 'a folder with test/good and test/<defect>'));
  const threads = given.whole('threads', 1, 64) ?? 1;
  const pixels = given.text('pixels') === 'own' ? undefined : given.whole('pixels', 16, 4096);
  const wanted = Object.entries(least).flatMap(([option, figure]) => {
    const limit = given.number(option, 'a number from 0 to 1', (value) => value >= 0 && value <= 1);
    return limit === undefined ? [] : [{ option, figure, limit }];
  });
  const bar = new ProgressBar();
  const { evaluate } = await import('../learning/evaluation/evaluate.ts');
  const progress = (done: number, total: number) => {
    signal.throwIfAborted();
    bar.show('scoring', done, total);
  };
  const figures = await evaluate({ model, data, threads, pixels, progress }).finally(() => bar.end());
  const missed = wanted.filter(({ figure, limit }) => !((figures[figure] ?? Number.NaN) >= limit));
  const notReached = missed.map(({ figure, limit }) => `${figure} ${shown(figures[figure])} does not reach ${limit}`);
  return {
    json: { ok: missed.length === 0, ...figures, notReached },
    text: [asText(figures, data), ...notReached.map((line) => `\nNo: ${line}.`)].join(''),
    code: missed.length === 0 ? exitCodes.done : exitCodes.no,
  };
}

function asText(figures: Evaluation, data: string): string {
  const { model, limits, pictures, imageAuroc, pixelAuroc, aupro, pixels, pixelsWhy, milliseconds } = figures;
  const counted = ({ count, of, share, low, high }: CountedShare) =>
    `${percent(share)} (${count} of ${of}; ${percent(low)} to ${percent(high)})`;
  const kinds = Object.entries(figures.defects).map(([name, kind]) => [
    name,
    String(kind.pictures),
    kind.auroc.toFixed(3),
    counted(kind.warn),
    counted(kind.fail),
  ]);
  const all = figures.detected && [
    'all',
    String(pictures.defective),
    (imageAuroc ?? Number.NaN).toFixed(3),
    counted(figures.detected.warn),
    counted(figures.detected.fail),
  ];
  const times = (name: string, { p50, p99 }: Milliseconds) => [name, p50.toFixed(1), p99.toFixed(1)];
  const parts = [
    `${model.name} ${model.version} on ${data}: ${pictures.good} good and ${pictures.defective} defective pictures`,
    '',
    `image AUROC  ${shown(imageAuroc)}`,
    `pixel AUROC  ${shown(pixelAuroc)}`,
    `AU-PRO@0.3   ${shown(aupro)}${pixels ? `  (${pixels.regions} defect regions in ${pixels.pictures} pictures)` : ''}`,
    ...(pixelsWhy === null ? [] : [pixelsWhy]),
    ...(imageAuroc === null
      ? ['There are no defective pictures: no image AUROC, and the miss rate stays unknown.']
      : []),
    '',
    `Good pictures above the warn limit (${shownScore(limits.warn)}): ${counted(figures.falseRejects.warn)}`,
    `Good pictures above the fail limit (${shownScore(limits.fail)}): ${counted(figures.falseRejects.fail)}`,
  ];
  if (all) parts.push('', table([['defect', 'pictures', 'AUROC', 'above warn', 'above fail'], ...kinds, all]));
  parts.push(
    '',
    table([
      ['milliseconds', 'p50', 'p99'],
      times('decode', milliseconds.decode),
      times('run', milliseconds.run),
      times('whole', milliseconds.whole),
    ]),
    `  one picture at a time, ${figures.threads === 1 ? '1 thread' : `${figures.threads} threads`}, ${figures.provider}`,
  );
  if (figures.invalid.length > 0) {
    parts.push('', `${figures.invalid.length} pictures were not inspected and are in none of the figures:`);
    parts.push(...figures.invalid.slice(0, 10).map(({ path, reason }) => `  ${path}: ${reason}`));
  }
  return parts.join('\n');
}

const shown = (figure: number | null) => (figure === null ? '-' : figure.toFixed(4));
