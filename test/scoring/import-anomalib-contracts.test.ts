import assert from 'node:assert/strict';
import {
  bool,
  float32,
  floats,
  imported,
  inGraph,
  model,
  network,
  node,
  pixelsFor,
  scoredBy,
  written,
} from './import-graphs.ts';
import { value } from './tiny-models.ts';

const mean = [0.485, 0.456, 0.406];
const std = [0.229, 0.224, 0.225];
/** What `network` answers for a pixel. */
const distance = (levels: number[]) =>
  levels.reduce((sum, level, c) => sum + Math.abs((level / 255 - mean[c]) / std[c]), 0) / 3;
const near = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 1e-4 * Math.max(1, Math.abs(expected)), `${actual} is not ${expected}`);

const grey = () => 120;
/** A bright dot on grey; where it is in the map says whether geometry is right. */
const dotAt = (column: number, row: number) => (x: number, y: number) => (x === column && y === row ? 250 : 120);

const peakOf = (map: { width: number; values: Float32Array }) => {
  let top = 0;
  for (const [i, cell] of map.values.entries()) if (cell > map.values[top] || Number.isNaN(map.values[top])) top = i;
  return [top % map.width, Math.floor(top / map.width)];
};

describe('importing an export of anomalib 0.7', () => {
  const nodes = [
    node('Abs', ['input'], 'distance'),
    node('ReduceMean', ['distance'], 'output', { axes: [1], keepdims: 1 }),
  ];
  const export07 = (side: number) =>
    model({
      nodes,
      inputs: [value('input', float32, [1, 3, side, side])],
      outputs: [value('output', float32, [1, 1, side, side])],
      opset: 11,
    });
  const transform = (steps: object[]) => ({
    __version__: '1.3.1',
    transform: {
      __class_fullname__: 'Compose',
      p: 1,
      transforms: [...steps, { __class_fullname__: 'ToTensorV2', p: 1 }],
    },
  });
  const resize = { __class_fullname__: 'Resize', height: 32, width: 32, interpolation: 1 };
  const normalise = { __class_fullname__: 'Normalize', mean, std, max_pixel_value: 255 };
  const numbers = { task: 'segmentation', image_threshold: 2.5, pixel_threshold: 2, min: 0.5, max: 4.5 };

  it('does the normalisation of metadata.json in the graph, and takes the map’s maximum as score', async () => {
    const got = await imported(written(export07(32), { ...numbers, transform: transform([resize, normalise]) }));
    assert.equal(got.description.imported?.kind, 'anomalib-0');
    assert.deepEqual([got.description.input.width, got.description.input.height], [32, 32]);
    const { score, map } = await scoredBy(got, pixelsFor(got, dotAt(9, 21)));
    near(score, distance([250, 250, 250]));
    assert.deepEqual(map && peakOf(map), [9, 21]);
    assert.equal(got.description.outputs.mapArea, undefined);
  });

  it('crops as CenterCrop does and shows the map where the crop lies in the frame', async () => {
    const crop = { __class_fullname__: 'CenterCrop', height: 24, width: 24 };
    const got = await imported(written(export07(24), { ...numbers, transform: transform([resize, crop, normalise]) }));
    assert.deepEqual([got.description.input.width, got.description.input.height], [32, 32]);
    assert.deepEqual(got.description.outputs.mapArea, [0.125, 0.125, 0.875, 0.875]);
    const { score, map } = await scoredBy(got, pixelsFor(got, dotAt(5, 20)));
    near(score, distance([250, 250, 250]));
    assert.deepEqual([map?.width, map?.height], [32, 32]);
    assert.deepEqual(map && peakOf(map), [5, 20]);
    assert.equal(map?.values.filter(Number.isNaN).length, 32 * 32 - 24 * 24);
    assert.ok(Number.isNaN(map?.values[3]));
  });

  it('starts with the limit of the training, flagged as not calibrated here', async () => {
    const got = await imported(written(export07(32), { ...numbers, transform: transform([resize, normalise]) }));
    const { source, fail, warn, median, method } = got.description.calibration;
    assert.equal(source, 'file');
    // anomalib calls a score at the threshold anomalous, so the limit lies just below it
    assert.ok(fail < 2.5 && fail > 2.499999 && warn === fail);
    // severity 0 where its normalisation is 0, severity 1 at the limit
    assert.equal(median, 0.5);
    assert.match(method, /Not calibrated here/);
  });

  it('refuses a transform that it would have to guess, and metadata of another export', async () => {
    const grey = { __class_fullname__: 'ToGray' };
    await assert.rejects(imported(written(export07(32), { ...numbers, transform: transform([grey]) })), /ToGray/);
    await assert.rejects(
      imported(written(export07(48), { ...numbers, transform: transform([resize, normalise]) })),
      /input of 48x48 for transform in metadata\.json but received 32x32/,
    );
  });
});

describe('importing an export of anomalib 1.x', () => {
  const { nodes, tensors } = inGraph(32, 24);
  const export1 = model({
    nodes: [
      ...nodes,
      ...network,
      node('Identity', ['heat'], 'output'),
      node('ReduceMean', ['heat'], '1234', { axes: [1, 2, 3], keepdims: 0 }),
    ],
    inputs: [value('input', float32, ['batch_size', 3, 'height', 'weight'])],
    outputs: [value('output', float32, ['batch_size', 1, 24, 24]), value('1234', float32, ['batch_size'])],
    tensors,
  });
  const metadata = {
    task: 'segmentation',
    image_threshold: 3,
    pixel_threshold: 2.5,
    'pred_scores.min': 1,
    'pred_scores.max': 5,
    'anomaly_maps.min': 0,
    'anomaly_maps.max': 5,
  };

  it('feeds the size that the graph resizes to, and finds the crop in it', async () => {
    const got = await imported(written(export1, metadata));
    assert.equal(got.description.imported?.kind, 'anomalib-1');
    assert.deepEqual([got.description.input.width, got.description.input.height], [32, 32]);
    assert.deepEqual(got.description.outputs.mapArea, [0.125, 0.125, 0.875, 0.875]);
    assert.match(got.notes.join(' '), /12\.5 % to 87\.5 % of the width/);
  });

  it('takes the first output alone: the score is the maximum of its map, not the second output', async () => {
    const got = await imported(written(export1, metadata));
    const { score, map } = await scoredBy(got, pixelsFor(got, dotAt(20, 6)));
    near(score, distance([250, 250, 250]));
    assert.deepEqual(map && peakOf(map), [20, 6]);
    assert.equal(got.description.calibration.median, 1);
  });

  it('takes a first output of one number per picture as the score', async () => {
    const alone = model({
      nodes: [...nodes, ...network, node('ReduceMax', ['heat'], 'output', { axes: [1, 2, 3], keepdims: 0 })],
      outputs: [value('output', float32, ['batch_size'])],
      tensors,
    });
    const got = await imported(written(alone, metadata));
    assert.equal(got.description.outputs.map, null);
    assert.equal(got.description.outputs.mapArea, undefined);
    near((await scoredBy(got, pixelsFor(got, grey))).score, distance([120, 120, 120]));
  });

  it('keeps the size of an export with a fixed one', async () => {
    const fixed = {
      ...export1,
      graph: { ...export1.graph, input: [value('input', float32, ['batch_size', 3, 64, 48])] },
    };
    const got = await imported(written(fixed, metadata));
    assert.deepEqual([got.description.input.width, got.description.input.height], [48, 64]);
    assert.deepEqual(got.description.outputs.mapArea, [0.125, 0.125, 0.875, 0.875]);
    assert.match(got.notes.join(' '), /resizes from 48x64 to 32x32/);
  });

  it('says what is missing where metadata.json is not beside it, and passes nothing', async () => {
    const got = await imported(written(export1), { map: 'output' });
    assert.match(got.notes.join(' '), /put its metadata\.json beside it/);
    const { source, median, warn, fail } = got.description.calibration;
    assert.deepEqual([source, median, warn, fail], ['none', 0, 0, 0]);
  });

  it('reads metadata with NaN in it as Python writes it, and without minimum and maximum', async () => {
    const got = await imported(
      written(export1, '{"task": "classification", "image_threshold": 3.0, "pixel_threshold": NaN}'),
    );
    assert.equal(got.description.calibration.source, 'file');
    assert.ok(got.description.calibration.median < got.description.calibration.fail);
  });
});

describe('importing an export of anomalib 2.x', () => {
  const { nodes, tensors } = inGraph(32);
  /** Its post-processing: (x − threshold) / (max − min) + 0.5, cut off at 0 and 1, in a graph; labels as bool. */
  const normalised = (from: string, to: string) => [
    node('Sub', [from, 'threshold'], `${to} less`),
    node('Div', [`${to} less`, 'range'], `${to} shared`),
    node('Add', [`${to} shared`, 'half'], `${to} moved`),
    node('Clip', [`${to} moved`, 'nought', 'one'], to),
  ];
  const constants = [
    ...tensors,
    floats('threshold', [2], []),
    floats('range', [4], []),
    floats('half', [0.5], []),
    floats('nought', [0], []),
    floats('one', [1], []),
    floats('nothing', [Number.NaN], []),
  ];
  const maximum = node('ReduceMax', ['heat'], 'highest', { axes: [2, 3], keepdims: 0 });
  const outputs = [
    value('pred_score', float32, ['batch_size', 1]),
    value('pred_label', bool, ['batch_size', 1]),
    value('anomaly_map', float32, ['batch_size', 1, 32, 32]),
    value('pred_mask', bool, ['batch_size', 1, 32, 32]),
  ];
  const labels = [
    node('Greater', ['pred_score', 'half'], 'pred_label'),
    node('Greater', ['anomaly_map', 'half'], 'pred_mask'),
  ];
  const export2 = model({
    nodes: [
      ...nodes,
      ...network,
      maximum,
      ...normalised('highest', 'pred_score'),
      ...normalised('heat', 'anomaly_map'),
      ...labels,
    ],
    outputs,
    tensors: constants,
  });

  it('takes pred_score and anomaly_map, leaves the bool outputs out, and starts with the limit 0.5', async () => {
    const got = await imported(written(export2));
    assert.deepEqual(got.description.outputs, { map: 'anomaly_map', score: 'pred_score' });
    const { kind, scale } = got.description.imported ?? {};
    assert.deepEqual([kind, scale], ['anomalib-2', 'normalised']);
    const { score, map } = await scoredBy(got, pixelsFor(got, dotAt(30, 1)));
    near(score, (distance([250, 250, 250]) - 2) / 4 + 0.5);
    assert.deepEqual(map && peakOf(map), [30, 1]);
    assert.deepEqual([got.description.calibration.fail, got.description.calibration.source], [0.5, 'file']);
    assert.match(got.notes.join(' '), /PostProcessor\(enable_normalization=False, enable_thresholding=False\)/);
  });

  it('sees that scores are raw where the export has seen no validation: a clamp that is passed by, and thresholds that are NaN', async () => {
    const passedBy = model({
      nodes: [
        ...nodes,
        ...network,
        maximum,
        ...normalised('highest', 'kept'),
        node('IsNaN', ['nothing'], 'unknown'),
        node('Where', ['unknown', 'highest', 'kept'], 'pred_score'),
        node('Identity', ['heat'], 'anomaly_map'),
      ],
      outputs: [outputs[0], outputs[2]],
      tensors: constants,
    });
    const got = await imported(written(passedBy));
    assert.equal(got.description.imported?.scale, 'raw');
    assert.equal(got.description.calibration.source, 'none');
    near((await scoredBy(got, pixelsFor(got, dotAt(1, 1)))).score, distance([250, 250, 250]));
  });

  it('takes an export of anomalib 2.7 whose number of pictures torch has fixed at two', async () => {
    const two = model({
      nodes: [
        ...nodes,
        ...network,
        maximum,
        node('Identity', ['highest'], 'pred_score'),
        node('Identity', ['heat'], 'anomaly_map'),
      ],
      inputs: [value('input', float32, [2, 3, 'height', 'width'])],
      outputs: [value('pred_score', float32, [2, 1]), value('anomaly_map', float32, [2, 1, 32, 32])],
      tensors,
      opset: 18,
    });
    // ReduceMean and ReduceMax take their axes as an input from opset 18 on
    const graph = two.graph;
    for (const each of graph?.node ?? []) {
      const axes = each.opType.startsWith('Reduce') && each.attribute?.find(({ name }) => name === 'axes')?.ints;
      if (!axes) continue;
      graph?.initializer?.push({ name: `axes of ${each.output}`, dims: [axes.length], dataType: 7, int64Data: axes });
      each.input?.push(`axes of ${each.output}`);
      each.attribute = each.attribute?.filter(({ name }) => name !== 'axes');
    }
    const got = await imported(written(two));
    const { score, map } = await scoredBy(got, pixelsFor(got, dotAt(7, 8)));
    near(score, distance([250, 250, 250]));
    assert.deepEqual(map && peakOf(map), [7, 8]);
    assert.match(got.notes.join(' '), /takes 2 pictures at once/);
  });
});
