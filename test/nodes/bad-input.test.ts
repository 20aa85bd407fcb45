import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { findStation } from '../../lib/node-red/stations.ts';
import { onEachNodeRed } from '../kit/flows.ts';
import { greyPicture } from '../kit/models.ts';
import { refusal } from '../kit/refusal.ts';
import { imageFlow, startStations, stationNodes } from '../kit/station-flow.ts';
import { tempDir } from '../kit/temp.ts';
import { until } from '../kit/until.ts';

/** A PNG of a few hundred bytes that claims to have 3.6 thousand million pixels. */
function bomb(): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const frame = Buffer.alloc(8);
    frame.writeUInt32BE(data.length, 0);
    frame.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(60_000, 0);
  header.writeUInt32BE(60_000, 4);
  header.set([8, 0, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const pixels = deflateSync(Buffer.alloc(100_000));
  return Buffer.concat([...[signature, chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]]);
}

/** Brightness 40 with one spot, as sharp reads it. */
function picture(spot: number, width = 64, height = 64) {
  const { data } = greyPicture(40, spot);
  return sharp(data, { raw: { width: 64, height: 64, channels: 1 } }).resize(width, height, { kernel: 'nearest' });
}

onEachNodeRed('pictures from outside', (runner) => {
  it('in unusual formats are judged as what they show', async () => {
    const [{ closed }] = await startStations(runner(), imageFlow());
    const deep = Buffer.alloc(64 * 64 * 2);
    const { data } = greyPicture(40, 230);
    for (const [at, value] of data.entries()) deep.writeUInt16LE(value * 257, at * 2);
    const raw16 = sharp(new Uint16Array(deep.buffer, deep.byteOffset, 64 * 64), {
      raw: { width: 64, height: 64, channels: 1 },
    });
    const files = {
      '16-bit PNG': await raw16.toColourspace('grey16').png().toBuffer(),
      'CMYK JPEG': await picture(255).toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer(),
      'JPEG that EXIF turns': await picture(230, 64, 128).withMetadata({ orientation: 6 }).jpeg().toBuffer(),
    };
    assert.equal((await sharp(files['16-bit PNG']).metadata()).depth, 'ushort');
    assert.equal((await sharp(files['CMYK JPEG']).metadata()).space, 'cmyk');
    assert.equal((await sharp(files['JPEG that EXIF turns']).metadata()).orientation, 6);
    for (const [index, [what, payload]] of Object.entries(files).entries()) {
      runner().node('station1-score').receive({ payload });
      await until(`the verdict of a ${what}`, () => closed.length > index);
      assert.equal(closed[index].verdict, 'fail', `${what}: ${closed[index].reasons[0]?.text}`);
    }
  });

  it('that are bombs, cut off or too many bytes are invalid or refused in one sentence, and the station goes on', async () => {
    const [{ closed }] = await startStations(runner(), imageFlow());
    const whole = await picture(60).jpeg().toBuffer();
    const bad = { bomb: bomb(), truncated: whole.subarray(0, whole.length / 2) };
    for (const [index, [what, payload]] of Object.entries(bad).entries()) {
      runner().node('station1-score').receive({ payload });
      await until(`the verdict of what is ${what}`, () => closed.length > index);
      assert.equal(closed[index].verdict, 'invalid', what);
      assert.equal(closed[index].reasons[0].key, 'imageUnreadable', what);
    }
    const much = { payload: Buffer.alloc(65 * 1024 * 1024) };
    assert.match(await refusal(runner().node('station1-score'), much), /at most 67108864 bytes for msg.payload/);
    runner().node('station1-score').receive({ payload: whole });
    await until('the next verdict', () => closed.length === 3);
    assert.equal(closed[2].verdict, 'pass');
  });

  it('are kept as they came, whatever the flow does to its Buffer afterwards', async () => {
    const [{ closed }] = await startStations(runner(), imageFlow());
    const payload = await picture(230).png().toBuffer();
    const scored = runner().collect('station1-scored');
    runner().node('station1-score').receive({ payload });
    await until('it is taken', () => findStation('line1', 'station1')?.snapshot().open === 1 || scored.length > 0);
    payload.fill(0);
    await until('the verdict', () => closed.length === 1);
    assert.equal(closed[0].verdict, 'fail');
    assert.notEqual(closed[0].views[0].frame?.data[0], 0);
  });
});

const square = [
  [0.1, 0.1],
  [0.9, 0.1],
  [0.9, 0.9],
  [0.1, 0.9],
];
const region = {
  ...{ index: 1, name: 'all', mode: 'inspect', polygon: square, measure: 'maximum', areaAbove: null },
  ...{ median: 50, warn: 150, fail: 200 },
};
const refused: [string, object, RegExp][] = [
  ['crosses itself', { polygon: [square[0], square[2], square[1], square[3]] }, /rois\[0\]\.polygon/],
  ['fails below its warn limit', { fail: 100 }, /rois\[0\]\.fail/],
  ['has NaN for a limit', { warn: Number.NaN }, /rois\[0\]\.warn/],
  ['has text for a limit', { fail: '200' }, /rois\[0\]\.fail/],
];

onEachNodeRed('a region fixed in roi rules', (runner) => {
  const flow = (roi: object) =>
    imageFlow('station1', { deadlineMs: 300 }).map((node) =>
      'id' in node && node.id === 'station1-rules' ? { ...node, thresholds: 'fixed', rois: [roi] } : node,
    );

  for (const [what, damage, field] of refused) {
    it(`that ${what} is refused by its field, and no part passes`, async () => {
      const [{ closed }] = await startStations(runner(), flow({ ...region, ...damage }));
      const scored = runner().collect('station1-scored');
      runner()
        .node('station1-score')
        .receive({ payload: greyPicture(40, 60) });
      await until('a score', () => scored.length === 1);
      assert.match(await refusal(runner().node('station1-rules'), scored[0]), field);
      await until('its verdict', () => closed.length === 1);
      assert.equal(closed[0].verdict, 'invalid');
    });
  }

  it('works once it is right', async () => {
    const [{ closed }] = await startStations(runner(), flow(region));
    runner()
      .node('station1-score')
      .receive({ payload: greyPicture(40, 60) });
    await until('its verdict', () => closed.length === 1);
    assert.equal(closed[0].verdict, 'pass');
  });
});

onEachNodeRed('a camera', (runner) => {
  const z = 'station1-tab';
  const cameraFlow = (fields: object) => [
    ...stationNodes(),
    {
      id: 'camera',
      z,
      type: 'goodpart-camera',
      station: 'station1-station',
      view: 'main',
      ...fields,
      wires: [['out']],
    },
    { id: 'out', z, type: 'helper', wires: [] },
  ];

  it('whose folder is missing keeps the station from being ready, says so, and works once it is there', async () => {
    const path = join(tempDir('pictures'), 'not yet');
    await runner().start(cameraFlow({ source: 'folder', path, run: 'triggered' }));
    const station = await until('the station', () => findStation('line1', 'station1'));
    const fault = await until('the fault', () => station.faults()[0]);
    assert.match(fault.text, /not yet/);
    assert.equal(station.credit(), 0);
    assert.match(await refusal(runner().node('camera'), {}), /Not accepted/);
    mkdirSync(path);
    writeFileSync(join(path, 'a.png'), await picture(60).png().toBuffer());
    await until('it can take a part', () => station.credit() > 0, { timeoutMs: 15_000 });
    const out = runner().collect('out');
    runner().node('camera').receive({});
    await until('a picture', () => out[0]?.payload ?? null);
  });
});
