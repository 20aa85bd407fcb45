import assert from 'node:assert/strict';
import { Frame } from '../../lib/core/frame.ts';
import { buildRecord } from '../../lib/evidence/build-record.ts';
import { recordSchema } from '../../lib/evidence/record.ts';
import type { JudgedInspection } from '../../lib/evidence/sending.ts';
import { grayFrame, inspection } from './inspections.ts';

const more = {
  at: { utc: 'u', mono: 1 },
  software: { package: 'p', version: '1', node: 'v24' },
  pictures: { state: 'none', detail: '' } as const,
};

describe('the record of a part', () => {
  it('says which frames were lost before its picture, the device’s count, its number, its arrival and the settings read back', () => {
    const { info, data } = grayFrame();
    const losses = { lost: 2, stale: 3, superseded: 4, missed: 0 };
    const counter = { opening: 1, exposures: 42 };
    const frame = new Frame({ ...info, data, number: 40, losses, counter, arrivedAt: info.exposedAt + 12 });
    const record = recordSchema.parse(buildRecord(inspection({ frame }) as JudgedInspection, more));
    const told = record.views[0].frame;
    assert.deepEqual([told?.losses, told?.counter, told?.number], [losses, counter, 40]);
    assert.equal((told?.arrivedAt ?? 0) - (told?.exposedAt ?? 0), 12);
    assert.deepEqual(told?.settings, { exposureUs: 500, locked: true });
  });

  it('says nothing of them where no camera took the picture', () => {
    const record = recordSchema.parse(buildRecord(inspection() as JudgedInspection, more));
    assert.ok(!('losses' in (record.views[0].frame ?? {})));
  });
});
