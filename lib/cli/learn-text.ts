import { dirname, join } from 'node:path';
import type { BackboneLayers } from '../learning/features/backbone-layers.ts';
import type { LearnResult } from '../learning/learning-job.ts';
import type { Finding } from '../learning/pictures/checks.ts';
import { shownScore, table } from './table.ts';

/** So many lines of a list are shown; the rest is in the report. */
const mostLines = 10;

/** The most telling first. */
const order: Finding['kind'][] = ['outlying', 'flat', 'dark', 'bright', 'blurred', 'duplicate'];

/** What a learning run found out, for people. */
export function learnedText(learned: LearnResult, files: { name: string; bytes: number }[]): string {
  const { model, images, seconds, features, head, headReason, statement, dir, clusters, repeatability, defects } =
    learned;
  const paragraphs = [
    `Learned ${model.name} ${model.version} from ${images} good pictures in ${seconds.toFixed(0)} s.`,
    `Features: ${features}\nHead: ${head}; ${headReason}`,
    statement,
    provisional(learned),
    list(
      'Left out, as you said:',
      learned.excluded.map(({ path }) => path),
    ),
    list(
      'Not usable:',
      learned.skipped.map(({ path, reason }) => `${path}: ${reason}`),
    ),
    findings(learned),
    clusters && setUps(clusters),
    limits(learned),
    sensitivity(learned),
    defects && shownDefects(defects),
    repeatability?.statement,
    written(dir, files),
  ];
  return paragraphs.filter(Boolean).join('\n\n');
}

function provisional({ provisional: reasons }: LearnResult): string | null {
  return reasons.length === 0 ? null : `PROVISIONAL: ${reasons.join(' ')}`;
}

function findings({ findings: found, highest }: LearnResult): string | null {
  if (found.length === 0) {
    const [first] = highest;
    const worth = first ? ` The highest score of a good picture is ${shownScore(first.score)}: ${first.path}` : '';
    return `No good picture looks blurred, dark, repeated or unlike the others.${worth}`;
  }
  const worst = found.toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
  const folders = new Set(found.map(({ label }) => dirname(label)));
  const lines = worst.map(({ kind, label, reason }) => `${kind.padEnd(10)} ${label}: ${reason}`);
  const heading = 'Good pictures to look at (all are learned from; leave one out with --exclude FILE):';
  // names are enough where all lie in one folder, and --exclude takes them
  const [folder] = folders;
  return list(heading, folders.size === 1 ? lines.map((line) => line.replaceAll(`${folder}/`, '')) : lines);
}

function setUps({ sentence, sizes, examples }: NonNullable<LearnResult['clusters']>): string {
  const lines = sizes.map((pictures, i) => `${pictures} like ${examples[i].map(({ label }) => label).join(', ')}`);
  return [sentence, ...lines].join('\n  ');
}

function limits({ median, warn, fail, rois }: LearnResult): string {
  const row = (name: string, values: number[]) => [name, ...values.map(shownScore)];
  const regions = rois.map((roi) => row(`${roi.name} (${roi.measure})`, [roi.median, roi.warn, roi.fail]));
  return table([['limits', 'median', 'warn', 'fail'], row('whole picture', [median, warn, fail]), ...regions], '');
}

function sensitivity({ sensitivity: seen }: LearnResult): string | null {
  if (seen === null) return null;
  const rows = seen.regions.flatMap(({ name, curves }) =>
    curves.map(({ kind, contrast, trials, smallest }) => [
      name,
      kind,
      String(contrast),
      smallest.warn === null ? '-' : smallest.warn.pixels.toFixed(1),
      smallest.fail === null ? '-' : smallest.fail.pixels.toFixed(1),
      String(trials),
    ]),
  );
  const heading = ['region', 'drawn defect', 'contrast', 'warn from px', 'fail from px', 'trials'];
  const meaning =
    'Smallest drawn defect found in 95 % of trials, in pixels of the model’s input; -: none that was tried.';
  return `${meaning}\n${table([heading, ...rows], '')}\n${seen.regions.map(({ statement }) => statement).join('\n')}\n${seen.statement}`;
}

function shownDefects({ kinds, missed }: NonNullable<LearnResult['defects']>): string {
  const rows = kinds.map(({ kind, warn, fail }) => [kind, String(fail.shown), String(warn.found), String(fail.found)]);
  const below = missed.map(({ label, verdict, score }) => `${verdict}: ${label} (${shownScore(score)})`);
  const counts = table([['shown defects', 'pictures', 'above warn', 'above fail'], ...rows], '');
  return [counts, list('Not above the fail limit:', below)].filter(Boolean).join('\n');
}

function written(dir: string, files: { name: string; bytes: number }[]): string {
  const groups = new Map<string, { count: number; bytes: number }>();
  for (const { name, bytes } of files) {
    const key = name.replace(/\d+(?=\.\w+$)/, '*');
    const group = groups.get(key) ?? { count: 0, bytes: 0 };
    groups.set(key, { count: group.count + 1, bytes: group.bytes + bytes });
  }
  const sizes = [...groups].map(([key, { count, bytes }]) => `${count > 1 ? `${count} ` : ''}${key} ${size(bytes)}`);
  const report = files.some(({ name }) => name === 'report.html') ? `\nReport: ${join(dir, 'report.html')}` : '';
  return `Written to ${dir}: ${sizes.join(', ')}${report}`;
}

function list(heading: string, lines: string[]): string | null {
  if (lines.length === 0) return null;
  const more = lines.length > mostLines ? [`and ${lines.length - mostLines} more`] : [];
  return [heading, ...lines.slice(0, mostLines), ...more].join('\n  ');
}

function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** The tensors that `--layers` can name. */
export function layersText({ layers, size: input, opset, normalisation, warnings }: BackboneLayers): string {
  const rows = layers.map(({ name, kind, shape, channels, stride, output, suggested }) => [
    suggested ? '*' : '',
    name,
    kind,
    shape.join('x'),
    String(channels),
    String(stride),
    output ? 'output' : 'inside',
  ]);
  return [
    `Opset ${opset}, pictures of ${input.width} x ${input.height}. Normalisation: ${normalisation.why}.`,
    table([['', 'layer', 'kind', 'shape', 'channels', 'stride', 'where'], ...rows], ''),
    '* taken where --layers names none',
    ...warnings,
  ].join('\n');
}
