import assert from 'node:assert/strict';
import { float32, floats, imported, model, node, pixelsFor, scoredBy, written } from './import-graphs.ts';
import { value } from './tiny-models.ts';

/** Class scores gain · mean brightness + offset. */
function classifier(end: 'logits' | 'Softmax' | 'probabilities', gains: number[], offsets: number[], opset = 14) {
  const count = gains.length;
  const tensors = [floats('gains', gains, [1, count]), floats('offsets', offsets, [1, count]), floats('none', [0], [])];
  const nodes = [
    node('GlobalAveragePool', ['image'], 'pooled'),
    node('Flatten', ['pooled'], 'colours', { axis: 1 }),
    node('Gather', ['colours', 'first'], 'mean', { axis: 1 }),
    node('Mul', ['mean', 'gains'], 'scaled'),
    node('Add', ['scaled', 'offsets'], 'z'),
  ];
  if (end === 'Softmax') nodes.push(node('Softmax', ['z'], 'classes', { axis: 1 }));
  // not the last node, so that its input is not simply taken
  else if (end === 'probabilities')
    nodes.push(node('Softmax', ['z'], 'p', { axis: 1 }), node('Add', ['p', 'none'], 'classes'));
  else nodes.push(node('Identity', ['z'], 'classes'));
  return model({
    nodes,
    inputs: [value('image', float32, ['batch', 3, 8, 8])],
    outputs: [value('classes', float32, ['batch', count])],
    tensors: [...tensors, { name: 'first', dims: [1], dataType: 7, int64Data: [0] }],
    opset,
  });
}

/** ln((1 − P) / P) in double precision. */
function logOdds(z: number[], good: number): number {
  const odds = z.reduce((sum, each, i) => (i === good ? sum : sum + Math.exp(each - z[good])), 0);
  return Math.log(odds);
}

describe('importing a classifier', () => {
  const gains = [4, -2, 1];
  const offsets = [0.3, 1, -0.5];
  const at = (level: number) => gains.map((gain, i) => (gain * level) / 255 + offsets[i]);

  for (const end of ['logits', 'Softmax', 'probabilities'] as const) {
    it(`scores the log-odds of not being good, from ${end}`, async () => {
      const got = await imported(written(classifier(end, gains, offsets)), { goodClass: 1 });
      assert.deepEqual([got.description.imported?.kind, got.description.imported?.scale], ['classifier', 'log-odds']);
      for (const level of [0, 90, 255]) {
        const { score, map } = await scoredBy(
          got,
          pixelsFor(got, () => level),
        );
        assert.equal(map, null);
        assert.ok(Math.abs(score - logOdds(at(level), 1)) < 1e-4, `${score} is not ${logOdds(at(level), 1)}`);
      }
      assert.equal(got.description.calibration.fail, 0);
      assert.match(got.notes.join(' '), /log-odds/);
    });
  }

  it('stays a finite number where a softmax is exactly 0 or 1', async () => {
    for (const end of ['logits', 'Softmax', 'probabilities'] as const) {
      const got = await imported(written(classifier(end, [900, -900], [-450, 450])), { goodClass: 0 });
      const bad = (
        await scoredBy(
          got,
          pixelsFor(got, () => 0),
        )
      ).score;
      const good = (
        await scoredBy(
          got,
          pixelsFor(got, () => 255),
        )
      ).score;
      assert.ok(Number.isFinite(bad) && Number.isFinite(good) && bad > 5 && good < -5, `${bad} ${good}`);
    }
  });

  it('works with operators of opset 18, whose reductions take their axes as an input', async () => {
    const got = await imported(written(classifier('logits', gains, offsets, 18)), { goodClass: 2 });
    const { score } = await scoredBy(
      got,
      pixelsFor(got, () => 90),
    );
    assert.ok(Math.abs(score - logOdds(at(90), 2)) < 1e-4);
  });

  it('finds the good class by its name, in the file, in metadata, or given', async () => {
    const proto = classifier('logits', gains, offsets);
    const expected = logOdds(at(90), 1);
    const inFile = { ...proto, metadataProps: [{ key: 'names', value: "{0: 'scratch', 1: 'OK', 2: 'dent'}" }] };
    const inMetadata = { id2label: { 0: 'scratch', 1: 'good', 2: 'dent' } };
    for (const got of [
      await imported(written(inFile)),
      await imported(written(proto, inMetadata)),
      await imported(written(proto), { labels: ['scratch', 'normal', 'dent'] }),
      await imported(written(proto), { labels: ['a', 'b', 'c'], goodClass: 'B' }),
    ]) {
      const { score } = await scoredBy(
        got,
        pixelsFor(got, () => 90),
      );
      assert.ok(Math.abs(score - expected) < 1e-4);
    }
  });

  it('keeps the classes with their names and probabilities, so that a station can name a defect', async () => {
    const sum = (z: number[]) => z.reduce((total, each) => total + Math.exp(each), 0);
    for (const end of ['logits', 'Softmax', 'probabilities'] as const) {
      const labels = ['scratch', 'good', 'dent'];
      const got = await imported(written(classifier(end, gains, offsets)), { labels });
      assert.deepEqual([got.description.classes?.names, got.description.classes?.good], [labels, 1]);
      const { classes } = await scoredBy(
        got,
        pixelsFor(got, () => 90),
      );
      for (const [i, z] of at(90).entries()) {
        const expected = Math.exp(z) / sum(at(90));
        assert.ok(Math.abs((classes?.[i] ?? Number.NaN) - expected) < 1e-5, `${end} ${i}: ${classes?.[i]}`);
      }
    }
    const unnamed = await imported(written(classifier('logits', gains, offsets)), { goodClass: 1 });
    assert.deepEqual(unnamed.description.classes?.names, ['class 1', 'class 2', 'class 3']);
    const twice = await imported(written(classifier('logits', gains, offsets)), { labels: ['a', 'a', 'good'] });
    assert.deepEqual(twice.description.classes?.names, ['a', 'a 2', 'good']);
  });

  it('takes one that only tells defects apart: it names them, and nothing passes by its score', async () => {
    for (const opset of [14, 18]) {
      const overrides = { labels: ['scratch', 'dent', 'burr'], goodClass: 'none' };
      const { description, ...got } = await imported(written(classifier('logits', gains, offsets, opset)), overrides);
      assert.deepEqual([description.classes?.good, description.calibration.source], [null, 'none']);
      const { score, classes } = await scoredBy(
        { description, ...got },
        pixelsFor({ description, ...got }, () => 90),
      );
      assert.equal(score, Math.max(...(classes ?? [])));
    }
  });

  it('asks which class is the good one where names do not tell', async () => {
    const file = written(classifier('logits', gains, offsets));
    await assert.rejects(imported(file), /classes 0 to 2, without names: name the good class, or none if/);
    await assert.rejects(imported(file, { labels: ['a', 'b', 'c'] }), /0 a, 1 b, 2 c/);
    await assert.rejects(imported(file, { goodClass: 3 }), /one of the classes/);
    await assert.rejects(imported(file, { labels: ['good', 'bad'] }), /3 names for labels/);
  });
});
