import type { Editor } from '../../lib/node-red/editor/dialog.ts';
import { RegionList } from '../../lib/node-red/editor/region-list.ts';

export const editor: Editor = {
  prepare: (form) => new RegionList(form, 'rois').start(),
  fieldLabel(field, t) {
    const inside = /^rois\[(\d+)\]\.?(\w+)?(?:\[(\d+)\])?/.exec(field);
    if (inside === null) return null;
    const [, region, property = 'name', corner] = inside;
    const name = t('region.title', { number: Number(region) + 1 });
    const what = corner ? t('region.corner', { number: Number(corner) + 1 }) : t(`region.${property}`);
    return `${name}: ${what}`;
  },
};
