import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { gaussian, type Random, seededRandom } from '../../lib/core/random.ts';
import { decodeTo } from '../../lib/imaging/decode.ts';
import type { Pictures } from '../../lib/learning/features/extractor.ts';
import {
  checkPictures,
  checkScores,
  duplicateGroups,
  type Finding,
  lookAtAll,
} from '../../lib/learning/pictures/checks.ts';
import { filesIn } from '../../lib/learning/pictures/files.ts';
import { needs, sharedData } from '../kit/needs.ts';

const side = 128;

function pictures(list: Uint8Array[], channels: 1 | 3 = 1, edge = side): Pictures {
  const pixels = (picture: number) => Buffer.from(list[picture]);
  return { count: list.length, size: { width: edge, height: edge }, channels, pixels };
}

const names = (list: unknown[]) => ({
  labels: list.map((_, i) => `/good/${i}.png`),
  digests: list.map((_, i) => `d${i}`),
});

function check(list: Uint8Array[], channels: 1 | 3 = 1, edge = side): Finding[] {
  const { labels, digests } = names(list);
  return checkPictures(pictures(list, channels, edge), labels, digests);
}

const clamp = (value: number) => Math.max(0, Math.min(255, Math.round(value)));
const each = (picture: Uint8Array, change: (value: number, i: number) => number) =>
  Uint8Array.from(picture, (value, i) => clamp(change(value, i)));

/** A drilled plate with sharp edges; every part has stains of its own, and every picture its light and noise. */
function part(random: Random, holes = 3): Uint8Array {
  const light = 1 + 0.04 * gaussian(random);
  const stains = Array.from({ length: 12 }, () => [
    random() * side,
    random() * side,
    6 + 10 * random(),
    18 * gaussian(random),
  ]);
  return Uint8Array.from({ length: side * side }, (_, i) => {
    const [x, y] = [i % side, Math.floor(i / side)];
    const hole = Math.hypot(((x * holes) % side) - side / 2, ((y * holes) % side) - side / 2) < 30;
    let value = hole ? 90 : 150;
    for (const [cx, cy, reach, depth] of stains)
      value += depth * Math.exp(-((x - cx) ** 2 + (y - cy) ** 2) / reach ** 2);
    return clamp(value * light + 2 * gaussian(random));
  });
}

const set = (count: number, seed: number) => {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => part(random));
};

const blurred = (picture: Uint8Array, sigma: number, edge = side): Promise<Uint8Array> =>
  sharp(picture, { raw: { width: edge, height: edge, channels: 1 } })
    .blur(sigma)
    .toColourspace('b-w')
    .raw()
    .toBuffer();
const shifted = (picture: Uint8Array) => picture.map((_, i) => picture[i % side === 0 ? i : i - 1]);

const kinds = (findings: Finding[], picture: number) =>
  findings.filter((finding) => finding.picture === picture).map(({ kind }) => kind);

describe('checking good pictures', () => {
  it('finds nothing in a set where nothing is wrong', () => {
    for (const seed of [1, 2, 3]) assert.deepEqual(check(set(40, seed)), []);
  });

  it('finds what is blurred, dark, burnt out or empty, says so in a sentence, and finds nothing else', async () => {
    const list = set(40, 4);
    list[5] = await blurred(list[5], 3);
    list[11] = each(list[11], (value) => value * 0.3);
    list[17] = each(list[17], (value) => value * 2.2);
    list[23] = each(list[23], (_, i) => 4 + (i % 2));
    const findings = check(list);
    assert.deepEqual(
      findings.map(({ picture, kind }) => [picture, kind]),
      [
        [5, 'blurred'],
        [11, 'dark'],
        [17, 'bright'],
        [23, 'flat'],
        [23, 'dark'],
      ],
    );
    const [blur, dark, bright, flat] = findings;
    assert.deepEqual([blur.label, blur.digest], ['/good/5.png', 'd5']);
    assert.ok(
      blur.value < blur.limit && dark.value < dark.limit && bright.value > bright.limit && flat.value < flat.limit,
    );
    assert.match(
      blur.reason,
      /^Its edges are \d+ % as sharp as in pictures that look like it; down to \d+ % is usual here/,
    );
    assert.match(dark.reason, /^It is 3\d % as bright as pictures that look like it/);
    assert.match(bright.reason, /^\d+ % of it is burnt out to white/);
    assert.match(flat.reason, /^Nearly black all over/);
  });

  it('finds blur that the sensor’s noise lies on top of', async () => {
    const random = seededRandom(8);
    const list = set(40, 6);
    list[2] = each(await blurred(list[2], 3), (value) => value + 2 * gaussian(random));
    assert.deepEqual(kinds(check(list), 2), ['blurred']);
  });

  it('compares with pictures that look alike: a smoother, darker product beside another is neither blurred nor dark', async () => {
    const random = seededRandom(9);
    const sharpOnes = Array.from({ length: 30 }, () => part(random, 3));
    const smooth: Uint8Array[] = [];
    for (let i = 0; i < 30; i++) smooth.push(each(await blurred(part(random, 2), 1.5), (value) => value * 0.5));
    assert.deepEqual(check([...sharpOnes, ...smooth]), []);
    smooth[4] = await blurred(smooth[4], 5);
    assert.deepEqual(kinds(check([...sharpOnes, ...smooth]), 34), ['blurred']);
  });

  it('finds copies with other noise, other light, JPEG and a shift of a pixel, and names the picture they repeat', async () => {
    const random = seededRandom(12);
    const list = set(40, 10);
    const raw = { width: side, height: side, channels: 1 } as const;
    const jpeg = await sharp(list[3], { raw }).jpeg({ quality: 50 }).toBuffer();
    const copies = [
      each(list[1], (value) => value + 4 * gaussian(random)),
      each(list[2], (value) => value * 1.1 + 5),
      await sharp(jpeg).toColourspace('b-w').raw().toBuffer(),
      shifted(list[4]),
    ];
    const findings = check([...list, ...copies]);
    assert.deepEqual(
      findings.map(({ picture, kind, of }) => [picture, kind, of?.label]),
      [1, 2, 3, 4].map((original, i) => [40 + i, 'duplicate', `/good/${original}.png`]),
    );
    assert.match(findings[0].reason, /Shows the same part as 1\.png, or is its copy/);
  });

  it('takes parts of one product for different ones, though they look the same from afar', () => {
    const random = seededRandom(14);
    const smallest = Array.from({ length: 60 }, () =>
      each(part(seededRandom(99)), (value) => value + 3 * gaussian(random)),
    );
    // not one of these is a copy: they share all that the set shares, and nothing beyond
    assert.deepEqual(check(smallest), []);
  });

  it('puts likely copies of a part into one group, for one fold, and everything else into its own', () => {
    const random = seededRandom(15);
    const list = set(30, 16);
    const again = [3, 3, 7].map((original) => each(list[original], (value) => value + 3 * gaussian(random)));
    const groups = duplicateGroups(lookAtAll(pictures([...list, ...again])));
    assert.equal(groups[30], groups[3]);
    assert.equal(groups[31], groups[3]);
    assert.equal(groups[32], groups[7]);
    assert.equal(new Set(groups).size, 30);
  });

  it('reads colour as its luminance', () => {
    const list = set(30, 17);
    const coloured = list.map((picture) =>
      Uint8Array.from({ length: picture.length * 3 }, (_, i) => picture[Math.floor(i / 3)]),
    );
    coloured[6] = each(coloured[6], (value) => value * 0.25);
    assert.deepEqual(
      check(coloured, 3).map(({ picture, kind }) => [picture, kind]),
      [[6, 'dark']],
    );
  });

  it('measures pictures of any side, as a backbone may want them', () => {
    for (const edge of [98, 110]) {
      const odd = set(24, 17).map((picture) =>
        Uint8Array.from({ length: edge * edge }, (_, i) => picture[Math.floor(i / edge) * side + (i % edge)]),
      );
      odd[5] = each(odd[5], (value) => value * 0.3);
      assert.deepEqual(kinds(check(odd, 1, edge), 5), ['dark'], `${edge} pixels`);
      odd[9] = each(odd[4], (value, i) => value + (i % 3) - 1);
      const copy = check(odd, 1, edge).find(({ kind }) => kind === 'duplicate');
      assert.deepEqual([copy?.picture, copy?.of?.picture], [9, 4], `${edge} pixels`);
    }
  });

  it('makes no trouble of equal pictures, of one, or of none', () => {
    const uniform = new Uint8Array(side * side).fill(120);
    assert.deepEqual(check([]), []);
    assert.deepEqual(check([uniform]), []);
    assert.deepEqual(check(Array.from({ length: 25 }, () => uniform)), []);
  });

  it('gives the same findings for the same pictures', async () => {
    const list = set(30, 18);
    list[3] = await blurred(list[3], 4);
    assert.deepEqual(check(list), check(list));
  });
});

describe('checking the scores of good pictures', () => {
  const scores = (count: number, seed: number) => {
    const random = seededRandom(seed);
    // the largest of many deviations, as an anomaly map's maximum is
    return Array.from({ length: count }, () => Math.max(...Array.from({ length: 40 }, () => gaussian(random))));
  };
  const find = (values: number[]) => {
    const { labels, digests } = names(values);
    return checkScores(values, labels, digests);
  };

  it('shows a hundredth of a clean set at most, on average', () => {
    let shown = 0;
    for (let seed = 0; seed < 50; seed++) shown += find(scores(300, seed)).length;
    assert.ok(shown <= 150, `${shown} of 15000`);
  });

  it('shows one bad part among 300, and thirty of them', () => {
    for (const bad of [1, 5, 30]) {
      const list = scores(300, bad);
      for (let i = 0; i < bad; i++) list[i * 7] = 7 + i / 10;
      const found = find(list).map(({ picture }) => picture);
      for (let i = 0; i < bad; i++) assert.ok(found.includes(i * 7), `${i + 1} of ${bad}`);
    }
  });

  it('names score and limit, and the picture', () => {
    const list = scores(100, 3);
    list[42] = 20;
    const [finding, ...others] = find(list).filter(({ value }) => value > 10);
    assert.deepEqual([finding.picture, finding.label, finding.digest, finding.value], [42, '/good/42.png', 'd42', 20]);
    assert.match(
      finding.reason,
      /^Scored 20\.00 by a model that had not seen it; half of the good pictures lie below [12]\./,
    );
    assert.equal(others.length, 0);
  });

  it('shows nothing where all score the same, and nothing of an empty set', () => {
    assert.deepEqual(find([2, 2, 2, 2]), []);
    assert.deepEqual(find([]), []);
  });
});

describe('checking real good pictures', function () {
  this.timeout(120_000);
  const edge = 256;
  let tiles: Uint8Array[];

  before(async function () {
    const data = sharedData('magnetic_tile');
    needs(this, 'shared/data/magnetic_tile', data !== undefined);
    tiles = [];
    // every third: copies of one tile at other exposures lie close in their numbers
    for (const file of (await filesIn(`${data}/train/good`)).filter((_, i) => i % 3 === 0)) {
      const info = { encoding: 'unknown', width: null, height: null, channels: null, bitDepth: null } as const;
      tiles.push((await decodeTo({ data: readFileSync(file), info }, { width: edge, height: edge, channels: 1 })).data);
    }
  });

  it('shows few that are not repeated parts', () => {
    const findings = check(tiles, 1, edge).filter(({ kind }) => kind !== 'duplicate');
    assert.ok(findings.length <= 2, findings.map(({ picture, reason }) => `${picture}: ${reason}`).join('\n'));
  });

  it('finds the blurred ones among them', async () => {
    const list = [...tiles];
    const bad = [4, 19, 37, 55, 71, 90];
    for (const picture of bad) list[picture] = await blurred(tiles[picture], 3, edge);
    const found = check(list, 1, edge).filter(({ kind }) => kind === 'blurred');
    const hits = bad.filter((picture) => found.some((finding) => finding.picture === picture));
    assert.ok(hits.length >= 5, `${hits.length} of 6`);
    assert.ok(found.length - hits.length <= 1, `${found.length - hits.length} others`);
  });
});
