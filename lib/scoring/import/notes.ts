import { shownShape } from '../fit.ts';
import type { ImportedKind, MapArea, ModelDescription } from '../model-schema.ts';
import type { Geometry } from './geometry.ts';
import type { ExportMetadata } from './metadata.ts';
import type { ChosenOutputs } from './outputs.ts';
import type { InputChanges, PictureInput } from './picture-input.ts';
import type { Trial } from './trial.ts';

const kindNames: Record<ImportedKind, string> = {
  'anomalib-0': 'an export of anomalib 0.7 (or older)',
  'anomalib-1': 'an export of anomalib 1.x',
  'anomalib-2': 'an export of anomalib 2.x',
  generic: 'a model with a map or a score',
  classifier: 'a classifier',
};

/** What was recognised, what was changed in the graph and what is not known, a sentence each. */
export function notesOf(o: {
  description: Pick<ModelDescription, 'outputs' | 'imported' | 'calibration'>;
  chosen: ChosenOutputs;
  geometry: Geometry;
  files: string[];
  said: ExportMetadata | null;
  changes: InputChanges;
  found: PictureInput;
  trial: Trial;
}): string[] {
  const { description, chosen, geometry, files, said, changes, found, trial } = o;
  const { size, resized, area } = geometry;
  const part = (role: string, name: string | null) => {
    const output = trial.outputs.find((each) => each.name === name);
    return output ? [`${role} ${name} ${shownShape(output.shape)}`] : [];
  };
  const taken = [...part('map', chosen.map), ...part('score', chosen.score), ...part('classes', chosen.classes)].join(
    ', ',
  );
  const notes = [
    `Recognised as ${kindNames[chosen.kind]}: ${taken}; frames are resized to ${size.width}x${size.height}.`,
  ];
  if (chosen.score === null && chosen.map !== null) notes.push('The score is the maximum of the map.');
  if (files.length > 0) notes.push(`Weights were read in from ${files.join(', ')}.`);
  if (changes.mean || changes.std)
    notes.push(`Normalisation was put into the graph: mean ${changes.mean ?? 0}, std ${changes.std ?? 1}.`);
  if (found.batch > 1) {
    notes.push(
      `The file takes ${found.batch} pictures at once, so each frame is computed ${found.batch} times; export it for one picture to be faster.`,
    );
  }
  if (resized) {
    notes.push(
      `The graph itself resizes from ${size.width}x${size.height} to ${resized.width}x${resized.height}; an export for ${resized.width}x${resized.height} saves that step.`,
    );
  }
  if (description.outputs.mapArea && area) notes.push(areaNote(area));
  if (!said && trial.outputs[0]?.name === 'output' && chosen.kind !== 'anomalib-2') {
    notes.push(
      'If this is an export of anomalib 0.7 or 1.x, put its metadata.json beside it: 0.7 needs the normalisation in it, both keep the limits there.',
    );
  }
  if (description.imported?.scale === 'normalised') {
    notes.push(
      'Scores are normalised and cut off at 0 and 1 inside the model; for limits from your own good frames export it with ' +
        'PostProcessor(enable_normalization=False, enable_thresholding=False).',
    );
  }
  notes.push(description.calibration.method);
  return notes;
}

function areaNote([left, top, right, bottom]: MapArea): string {
  const percent = (share: number) => `${Math.round(share * 1000) / 10} %`;
  return (
    `The model looks at a part of the frame only: ${percent(left)} to ${percent(right)} of the width and ${percent(top)} to ${percent(bottom)} of ` +
    'the height. What lies outside is not inspected: draw regions inside it.'
  );
}
