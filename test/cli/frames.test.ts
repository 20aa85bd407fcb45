import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { blurLimit, halved, measure, nearlyEqual, spread } from '../../lib/capture/gstreamer/frame-selection.ts';
import { seededRandom } from '../../lib/core/random.ts';
import { hasCommand, needs } from '../kit/needs.ts';
import { tempDir } from '../kit/temp.ts';
import { goodpart, json } from './kit.ts';

const width = 160;
const height = 120;

/** A textured part that lies somewhere else in each scene. */
async function scene(number: number, blur = 0): Promise<Buffer> {
  const random = seededRandom(1);
  const texture = Array.from({ length: width * height }, () => random());
  const data = Buffer.alloc(width * height * 3);
  const shift = number * 17;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const inside = Math.hypot(x - 30 - (shift % 100), y - 60) < 25;
      const value = (inside ? 150 : 60) + 80 * texture[y * width + ((x + shift) % width)];
      data.fill(value, (y * width + x) * 3, (y * width + x) * 3 + 3);
    }
  }
  const picture = sharp(data, { raw: { width, height, channels: 3 } });
  return (blur > 0 ? picture.blur(blur) : picture).png().toBuffer();
}

describe('choosing frames of a video', () => {
  const grey = async (png: Buffer) => measure(halved(await sharp(png).removeAlpha().raw().toBuffer(), width, height));

  it('tells sharp from blurred by the clip itself, and the same from another', async () => {
    const [sharpOne, blurred, other] = await Promise.all(
      [scene(1), scene(1, 2), scene(2)].map(async (one) => grey(await one)),
    );
    assert.ok(blurred.focus < blurLimit([sharpOne.focus, other.focus, blurred.focus]));
    assert.ok(other.focus > blurLimit([sharpOne.focus, other.focus, blurred.focus]));
    assert.ok(
      nearlyEqual(
        sharpOne.thumbnail,
        sharpOne.thumbnail.map((value) => value + 12),
      ),
      'only the light',
    );
    assert.ok(!nearlyEqual(sharpOne.thumbnail, other.thumbnail));
    assert.equal(blurLimit([]), 0);
  });

  it('spreads what is wanted over the clip', () => {
    assert.deepEqual(spread([0, 1, 2, 3, 4, 5, 6, 7, 8], 3), [0, 4, 8]);
    assert.deepEqual(spread([0, 1, 2], 1), [1]);
    assert.deepEqual(spread([0, 1], 5), [0, 1]);
  });
});

interface Told {
  ok: boolean;
  width: number;
  height: number;
  counts: Record<'seen' | 'kept' | 'lessSharp' | 'repeated' | 'blurred' | 'surplus', number>;
  files: { file: string; atMs: number }[];
}

describe('goodpart frames', () => {
  let video: string;

  /** Half a second each: five scenes, the third one blurred, the fourth one as the second was, and then it stays. */
  before(async function () {
    needs(this, 'gst-launch-1.0', hasCommand('gst-launch-1.0'));
    for (const element of ['x264enc', 'mp4mux', 'avdec_h264', 'pngdec', 'videorate']) {
      needs(this, `GStreamer's ${element}`, spawnSync('gst-inspect-1.0', ['--exists', element]).status === 0);
    }
    const folder = tempDir('scenes');
    const scenes = [scene(1), scene(2), scene(3, 2.5), scene(4), scene(5), scene(5), scene(5)];
    for (const [i, png] of (await Promise.all(scenes)).entries()) {
      for (let n = 0; n < 10; n++) writeFileSync(join(folder, `${String(i * 10 + n).padStart(3, '0')}.png`), png);
    }
    video = join(folder, 'phone.mp4');
    const made = spawnSync(
      'gst-launch-1.0',
      [
        ...[
          '-q',
          'multifilesrc',
          `location=${join(folder, '%03d.png')}`,
          'caps=image/png,framerate=20/1',
          '!',
          'pngdec',
        ],
        ...'! videoconvert ! x264enc bitrate=4000 key-int-max=10 ! mp4mux ! filesink'.split(' '),
        `location=${video}`,
      ],
      { encoding: 'utf8' },
    );
    assert.equal(made.status, 0, made.stderr);
  });

  it('keeps sharp frames that differ, leaves out what is blurred or repeated, and accounts for each', async () => {
    const out = join(tempDir('frames'), 'new');
    const ran = goodpart('frames', '--video', video, '--out', out, '--every', '500', '--json');
    assert.deepEqual([ran.status, ran.stderr], [0, '']);
    const { ok, counts, files, ...size } = json<Told>(ran);
    assert.equal(ok, true);
    assert.deepEqual([size.width, size.height], [width, height]);
    const { seen, ...parts } = counts;
    assert.equal(
      Object.values(parts).reduce((sum, count) => sum + count, 0),
      seen,
      JSON.stringify(counts),
    );
    assert.equal(counts.blurred, 1);
    assert.equal(counts.repeated, 2);
    assert.deepEqual(
      files.map(({ atMs }) => Math.floor(atMs / 500)),
      [0, 1, 3, 4],
    );
    assert.deepEqual(readdirSync(out).sort(), files.map(({ file }) => file).sort());
    const about = await sharp(readFileSync(join(out, files[0].file))).metadata();
    assert.deepEqual([about.format, about.width, about.height], ['jpeg', width, height]);
  });

  it('keeps no more than are wanted, spread over the clip, and says so to people', () => {
    const out = join(tempDir('frames'), 'few');
    const { status, stdout } = goodpart('frames', '--video', video, '--out', out, '--most', '2');
    assert.equal(status, 0);
    assert.match(stdout, /^2 good frames of 160 x 120 in /);
    assert.match(stdout, /2 more than were wanted/);
    assert.equal(readdirSync(out).length, 2);
  });

  it('refuses what is no video, and leaves nothing behind', () => {
    const folder = tempDir('frames');
    const none = join(folder, 'none.mp4');
    writeFileSync(none, 'this is no video');
    const { status, stderr } = goodpart('frames', '--video', none, '--out', join(folder, 'out'));
    assert.equal(status, 3);
    assert.match(stderr, /^goodpart frames: The video could not be read: /);
    assert.equal(stderr.trimEnd().split('\n').length, 1);
    assert.deepEqual(readdirSync(folder), ['none.mp4']);
    assert.equal(goodpart('frames', '--video', '/nowhere.mp4', '--out', join(folder, 'out')).status, 3);
    mkdirSync(join(folder, 'full/x'), { recursive: true });
    assert.match(goodpart('frames', '--video', video, '--out', join(folder, 'full')).stderr, /a new or empty folder/);
  });
});
