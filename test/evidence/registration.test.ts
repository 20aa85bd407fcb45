import assert from 'node:assert/strict';
import sharp from 'sharp';
import type { Polygon, Registration } from '../../lib/core/inspection.ts';
import { buildRecord } from '../../lib/evidence/build-record.ts';
import { recordSchema } from '../../lib/evidence/record.ts';
import { renderDrawing, renderPictures } from '../../lib/evidence/render.ts';
import { drawRequest, entryOf, type JudgedInspection } from '../../lib/evidence/sending.ts';
import { grayFrame, inspection } from './inspections.ts';

const registration: Registration = { dx: 0.25, dy: 0, rotation: 0, agreement: 0.93 };
const software = { package: 'p', version: '1', node: 'v24' };
const pictures = { state: 'kept', detail: '' } as const;
const polygon: Polygon = [
  [0.25, 0.25],
  [0.5, 0.25],
  [0.5, 0.75],
  [0.25, 0.75],
];
const regions = [{ index: 1, name: 'Planfläche', polygon, mode: 'inspect' as const }];

function judged(placed?: Registration): JudgedInspection {
  const { views, ...rest } = inspection({ frame: grayFrame(320, 240) });
  const [view] = views;
  const score = view.score && { ...view.score, ...(placed && { registration: placed }) };
  return { ...rest, views: [{ ...view, score }] } as JudgedInspection;
}

async function overlayOf(placed?: Registration): Promise<Buffer> {
  const policy = { frame: false, overlay: true, map: false, pass: 1, warn: 1, fail: 1, invalid: 1 };
  const entry = entryOf(judged(placed), { key: 'k', policy: policy as never, regions: { top: regions }, software });
  const { pictures: made, trouble } = await renderPictures(entry.record, entry.views, entry.payloads, policy as never);
  assert.equal(trouble, '');
  return made[0].data;
}

/** Columns (0..1) in which the failed region's red outline stands upright. */
async function redColumns(jpeg: Buffer): Promise<number[]> {
  const { data, info } = await sharp(jpeg).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const found: number[] = [];
  for (let x = 0; x < info.width; x++) {
    let red = 0;
    for (let y = Math.round(info.height * 0.5); y < info.height * 0.7; y++) {
      const at = (y * info.width + x) * 3;
      if (data[at] > 150 && data[at + 1] < 110 && data[at + 2] < 110) red += 1;
    }
    if (red > info.height * 0.12) found.push(x / info.width);
  }
  return found;
}

describe('the record of a registered part', () => {
  it('says where the part lay; without registration nothing is said', () => {
    const record = buildRecord(judged(registration), { at: { utc: 'u', mono: 1 }, software, pictures });
    assert.deepEqual(recordSchema.parse(record).views[0].score?.registration, registration);
    const without = buildRecord(judged(), { at: { utc: 'u', mono: 1 }, software, pictures });
    assert.equal('registration' in (without.views[0].score ?? {}), false);
  });

  it('names a number that is none, and still is a record', () => {
    const odd = buildRecord(judged({ ...registration, agreement: Number.NaN }), {
      at: { utc: 'u', mono: 1 },
      software,
      pictures,
    });
    assert.equal(recordSchema.parse(odd).views[0].score?.registration?.agreement, null);
    assert.deepEqual(odd.notFinite, [{ path: 'views.0.score.registration.agreement', value: 'NaN' }]);
  });

  it('keeps a picture in which the outlines lie where the part lay', async () => {
    const still = await redColumns(await overlayOf());
    const moved = await redColumns(await overlayOf(registration));
    assert.ok(Math.abs(Math.min(...still) - 0.25) < 0.02 && Math.abs(Math.max(...still) - 0.5) < 0.02, `${still}`);
    assert.ok(Math.abs(Math.min(...moved) - 0.5) < 0.02 && Math.abs(Math.max(...moved) - 0.75) < 0.02, `${moved}`);
  });

  it('draws the same for a picture on a screen', async () => {
    const view = {
      map: null,
      rois: [{ ...regions[0], verdict: 'fail' as const }],
      verdict: 'fail' as const,
      severity: 1.5,
    };
    const { request, payloads } = drawRequest(grayFrame(320, 240), { ...view, registration }, {});
    const drawn = await renderDrawing(JSON.parse(JSON.stringify(request)), payloads);
    const columns = await redColumns(drawn);
    assert.ok(Math.abs(Math.min(...columns) - 0.5) < 0.02, `${columns}`);
  });
});
