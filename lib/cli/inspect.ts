import { resolve } from 'node:path';
import { GoodpartError } from '../core/errors.ts';
import { toFrame } from '../imaging/placement.ts';
import type { Inspected, ModelRunner } from '../learning/evaluation/model-runner.ts';
import { filesIn } from '../learning/pictures/files.ts';
import { type Answer, type CommandSpec, exitCodes, exitCodesHelp, type Given, UsageError } from './command.ts';
import { Overlays } from './overlays.ts';
import { ProgressBar } from './progress.ts';
import { shownScore, table } from './table.ts';

const usage = `goodpart inspect --model DIR FILE... [options]

What a model says of pictures: score, severity (0 a typical good part, 1 at the fail limit), where
the score is highest, and the verdict by the model's own limits: pass, warn, fail, or invalid where
a picture cannot be read or scored. A folder stands for the files in it.

  --model DIR              folder with model.onnx and model.json
  --overlay DIR            write each picture with its heat map there
  --threads N              threads of one run; default 1
  --json                   one JSON object: files[] with verdict, score, severity, peak

${exitCodesHelp}
Here "no" means that not every picture passes; one that cannot be read never does.`;

export const inspectCommand: CommandSpec = {
  name: 'inspect',
  usage,
  options: { model: { type: 'string' }, overlay: { type: 'string' }, threads: { type: 'string' } },
  files: 'FILE...',
  run,
};

/** What is told of one file. Numbers that are not finite are told as null: JSON has none. */
interface Told {
  file: string;
  verdict: Inspected['verdict'];
  score: number | null;
  severity: number | null;
  /** Where the map is highest: pixels of the picture, and parts of its width and height. */
  peak: { x: number; y: number; left: number; top: number } | null;
  reason: string | null;
  overlay: string | null;
  milliseconds: number | null;
}

async function run(given: Given, signal: AbortSignal): Promise<Answer> {
  const dir = resolve(given.needed('model', 'the folder of a model'));
  const overlay = given.text('overlay');
  const threads = given.whole('threads', 1, 64) ?? 1;
  if (given.files.length === 0) throw new UsageError('Expected the files to inspect but received none');
  const files = (await Promise.all(given.files.map(filesIn))).flat();
  if (files.length === 0)
    throw new GoodpartError('GP_INPUT_INVALID', `Expected pictures in ${given.files[0]} but received an empty folder`);
  const overlays = overlay === undefined ? null : await Overlays.open(resolve(overlay));
  const bar = new ProgressBar();
  const { ModelRunner } = await import('../learning/evaluation/model-runner.ts');
  const runner = await ModelRunner.open(dir, { threads });
  const told: Told[] = [];
  try {
    for (const file of files) {
      signal.throwIfAborted();
      told.push(await inspectFile(runner, file, overlays));
      bar.show('inspecting', told.length, files.length);
    }
  } finally {
    bar.end();
    await runner.close();
  }
  const { identity, description } = runner.model;
  const { median, warn, fail } = description.calibration;
  const counts = Object.fromEntries(
    verdicts.map((word) => [word, told.filter(({ verdict }) => verdict === word).length]),
  );
  const ok = told.every(({ verdict }) => verdict === 'pass');
  return {
    json: { ok, model: identity, limits: { median, warn, fail }, counts, files: told },
    text: asText(told, counts),
    code: ok ? exitCodes.done : exitCodes.no,
  };
}

const verdicts: Inspected['verdict'][] = ['pass', 'warn', 'fail', 'invalid'];

async function inspectFile(runner: ModelRunner, file: string, overlays: Overlays | null): Promise<Told> {
  const inspected = await runner.inspect(file);
  const { verdict, severity, result, reason } = inspected;
  return {
    file,
    verdict,
    score: result === null || !Number.isFinite(result.score) ? null : result.score,
    severity,
    peak: peakOf(result),
    reason,
    overlay: overlays && (await overlays.draw(inspected)),
    milliseconds: result?.timings.total ?? null,
  };
}

/** The middle of the highest cell, where the part lay in the frame. */
function peakOf(result: Inspected['result']): Told['peak'] {
  if (result === null || result.map === null || !Number.isFinite(result.score)) return null;
  const { map, image, registration } = result;
  let best = -1;
  let highest = Number.NEGATIVE_INFINITY;
  for (const [cell, value] of map.values().entries()) {
    if (value > highest) [best, highest] = [cell, value];
  }
  if (best < 0) return null;
  const x = (((best % map.width) + 0.5) / map.width) * image.width;
  const y = ((Math.floor(best / map.width) + 0.5) / map.height) * image.height;
  const { xx, xy, x0, yx, yy, y0 } = toFrame(registration ?? { dx: 0, dy: 0, rotation: 0 }, image);
  const inFrame = (place: number, side: number) => Math.min(side, Math.max(0, place));
  const left = inFrame(xx * x + xy * y + x0, image.width) / image.width;
  const top = inFrame(yx * x + yy * y + y0, image.height) / image.height;
  return { x: Math.round(left * image.width), y: Math.round(top * image.height), left, top };
}

function asText(told: Told[], counts: Record<string, number>): string {
  const rows = told.map(({ file, verdict, score, severity, peak, reason }) => [
    verdict,
    severity === null ? '-' : severity.toFixed(2),
    score === null ? '-' : shownScore(score),
    peak === null ? '-' : `${peak.x}, ${peak.y}`,
    verdict === 'invalid' ? `${file}: ${reason}` : file,
  ]);
  const shown = Object.entries(counts).flatMap(([word, count]) => (count > 0 ? [`${count} ${word}`] : []));
  const heading = ['verdict', 'severity', 'score', 'peak x, y', 'file'];
  return `${table([heading, ...rows], '')}\n\n${told.length} inspected: ${shown.join(', ')}`;
}
