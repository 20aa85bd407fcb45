import { mkdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { encodeName } from '../core/ids.ts';
import { layersOf } from '../learning/backbone-layers-job.ts';
import { LearningJob } from '../learning/learning-job.ts';
import { readDescription } from '../scoring/model-store.ts';
import { type Answer, type CommandSpec, exitCodes, exitCodesHelp, type Given } from './command.ts';
import { learnOptions, nameOf, optionsOf } from './learn-options.ts';
import { layersText, learnedText } from './learn-text.ts';
import { OutputFolder } from './output-folder.ts';
import { ProgressBar } from './progress.ts';

const usage = `goodpart learn --good DIR --out DIR [options]

Learns what good parts look like; no Python, no download. The folder of --out becomes the model:
model.onnx, model.json with the limits, report.html. The same pictures, seed, kind of processor and
thread count give the same bytes.

  --good DIR               good pictures: the files directly in DIR; may be given several times
  --out DIR                new or empty
  --json                   one JSON object instead of text

pictures
  --most N                 an even selection of at most N pictures
  --exclude FILE           leave a picture out: a file, or a digest as the report names it; may be
                           given several times
  --labels CSV             shift, lot and nest of pictures; columns file,shift,lot,nest
  --declare shift=a,b      good parts come from these shifts (lots, nests): until all were learned,
                           the model is provisional
  --add-to DIR             add the pictures to those of this model, without starting again; its
                           features, head, size, aspect and registration stay

model
  --features KIND          bank (fixed filters), filters (learned from the pictures), thorough
                           (both), backbone; default: what our measurements recommend
  --backbone FILE          features of a network that you bring, as ONNX
  --layers A,B             tensors to take; default: suggested ones
  --list-layers            list them and learn nothing
  --normalisation WHICH    imagenet, 0..1, -1..1, 0..255, or mean and deviation as r,g,b/r,g,b;
                           default: as the file says
  --head KIND              auto (default), gaussian (parts that sit still), nearest (that do not)
  --size N                 side of the model's input, a multiple of 32; default 256; a backbone
                           of a fixed size keeps its own
  --seed N                 default 1
  --aspect HOW             auto (default), keep (all pictures share one), stretch (to a square)
  --register               find the part in each picture first: a shifted part is no anomaly
  --max-shift X            farthest shift, in parts of the frame; default 0.05
  --max-rotation DEG       farthest rotation; default 3
  --name NAME              default: the name of the folder

limits
  --warn-rate X            wanted share of good parts above the warn limit; default 5%
  --fail-rate X            wanted share of good parts above the fail limit; default 1%
  --miss-cost X --false-reject-cost Y --defect-share Z
                           limits from what a miss and a false reject cost instead, and from the
                           share of parts that are defective
  --defects DIR            pictures of defects (subfolders are kinds), to say how many are found;
                           they are not learned from
  --repeats DIR            one subfolder for each part, presented several times: how repeatable
                           its score is
  --no-sensitivity         do not measure which drawn defects are found

${exitCodesHelp}`;

export const learnCommand: CommandSpec = { name: 'learn', usage, options: learnOptions, run };

async function run(given: Given, signal: AbortSignal): Promise<Answer> {
  if (given.flag('list-layers')) return listLayers(given);
  const out = resolve(given.needed('out', 'a new or empty folder'));
  const options = await optionsOf(given);
  const extended = options.extend === undefined ? undefined : await readDescription(options.extend);
  const name = extended && !given.has('name') ? extended.name : nameOf(given, out);
  const output = await OutputFolder.open(out);
  const bar = new ProgressBar();
  try {
    // Versions are numbered by the folders that are there: what is added to comes first.
    if (extended)
      await mkdir(join(output.staging, encodeName(name), encodeName(extended.version)), { recursive: true });
    const job = new LearningJob({ ...options, modelsRoot: output.staging, name });
    const result = await job.run(({ stage, done, total }) => bar.show(stage, done, total), signal);
    const names = await output.publish(result.dir);
    const files: { name: string; bytes: number }[] = [];
    for (const file of names) files.push({ name: file, bytes: (await stat(join(out, file))).size });
    bar.end();
    const learned = { ...result, dir: out };
    return { json: { ok: true, ...learned, files }, text: learnedText(learned, files), code: exitCodes.done };
  } finally {
    bar.end();
    await output.discard();
  }
}

async function listLayers(given: Given): Promise<Answer> {
  const layers = await layersOf(resolve(given.needed('backbone', 'an ONNX file')));
  return { json: { ok: true, ...layers }, text: layersText(layers), code: exitCodes.done };
}
