import { stationFaults, trackFaults } from '../reference/block-texts.ts';
import { memberOf, partIdBytes, pictureLength, ringStart } from '../reference/picture.ts';
import { commandStart } from '../registers.ts';
import { type Tag, tagTable } from '../tag-table.ts';
import { type StructType, type Variable, variable } from './block.ts';
import { faultStruct } from './faults.ts';

const stTypes: Record<Tag['type'], string> = {
  u16: 'UINT',
  bits: 'WORD',
  u32: 'UDINT',
  f32: 'REAL',
  x1000: 'UINT',
  text: `ARRAY[0..${partIdBytes - 1}] OF BYTE`,
};

function commentOf(tag: Tag): string {
  return tag.description + (tag.unit === '' ? '' : ` (${tag.unit})`);
}

function membersOf(tag: Tag): Variable[] {
  if (tag.bits !== undefined) {
    return tag.bits.map((bit, n) => variable(bit, 'BOOL', `Register ${tag.address}, bit ${n}`));
  }
  return [variable(memberOf(tag).member, stTypes[tag.type], commentOf(tag))];
}

/** The groups of the picture in the table's order: Status, Health, Result, Alarm, Shadow, Counters. */
export const pictureGroups = [
  ...new Set(tagTable.filter(({ address }) => address < pictureLength).map((tag) => memberOf(tag).group)),
];

function struct(name: string, comment: string, tags: readonly Tag[]): StructType {
  return { name, comment, members: tags.flatMap(membersOf) };
}

const tagsOf = (group: string) => tagTable.filter((tag) => memberOf(tag).group === group);

/** All structures, each before its first use. */
export function structTypes(): StructType[] {
  const groups = pictureGroups.map((group) =>
    struct(`ST_Goodpart${group}`, `${group}.* of one station`, tagsOf(group)),
  );
  const picture: StructType = {
    name: 'ST_GoodpartPicture',
    comment: 'What is read of one station: registers 0..99 and 300..339',
    members: [
      ...pictureGroups.map((group) => variable(group, `ST_Goodpart${group}`)),
      variable('Ring', 'ARRAY[0..7] OF ST_GoodpartRing', 'Newest first'),
    ],
  };
  return [
    ...groups,
    struct('ST_GoodpartRing', 'One of the last eight results', tagsOf('Ring')),
    struct('ST_GoodpartRoi', 'One region', tagsOf('Roi')),
    picture,
    struct('ST_GoodpartCommand', 'What the PLC writes: registers 200..240', tagsOf('Command')),
    faultStruct('ST_GoodpartStationFaults', 'Faults of FB_GoodpartStation', stationFaults),
    faultStruct('ST_GoodpartTrackFaults', 'Faults of FB_GoodpartTrack', trackFaults),
    {
      name: 'ST_GoodpartPending',
      comment: 'A trigger in flight',
      members: [
        variable('TriggerId', 'UINT'),
        variable('State', 'UINT', '1 sent, 2 accepted, 3 given up'),
        variable('Exposed', 'BOOL'),
        variable('SentAt', 'UDINT'),
        variable('LimitMs', 'UDINT'),
      ],
    },
    {
      name: 'ST_GoodpartSlot',
      comment: 'A tracked slot; REJECT while Accept is FALSE',
      members: [
        variable('Occupied', 'BOOL'),
        variable('Accept', 'BOOL', 'Set by a result of its own TriggerId only'),
        variable('Settled', 'BOOL', 'Nothing changes it any more'),
        variable('Requested', 'BOOL', 'Its trigger was asked for and is not numbered yet'),
        variable('Doubtful', 'BOOL', 'Something may lie here or not: it is ejected in any case'),
        variable('TriggerId', 'UINT', '0: never triggered'),
      ],
    },
    {
      name: 'ST_GoodpartEjecting',
      comment: 'A part on its way to the eject sensor',
      members: [variable('TriggerId', 'UINT'), variable('Since', 'UDINT'), variable('Ticks', 'INT')],
    },
    {
      name: 'ST_GoodpartDisposition',
      comment: 'What became of a part',
      members: [variable('TriggerId', 'UINT'), variable('Code', 'UINT')],
    },
  ];
}

/** Tags below a register limit, for decoding: the picture's, the ring's, the regions', the command's. */
export const decoded = {
  picture: tagTable.filter(({ address }) => address < pictureLength),
  ring: tagTable.filter(({ address }) => address >= ringStart),
  rois: tagTable.filter(({ address }) => address >= pictureLength && address < commandStart),
  command: tagTable.filter(({ address }) => address >= commandStart && address < ringStart),
};
