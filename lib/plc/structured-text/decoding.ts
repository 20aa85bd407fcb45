import { memberOf, pictureLength, ringStart } from '../reference/picture.ts';
import { commandStart } from '../registers.ts';
import type { Tag } from '../tag-table.ts';
import { type Block, indented, variable } from './block.ts';
import { decoded } from './types.ts';

/** Statements that put one tag's registers into `target`; `word(n)` is its n-th register, `word('I')` that of a loop. */
function decodeTag(tag: Tag, target: string, word: (n: number | string) => string): string {
  switch (tag.type) {
    case 'u16':
    case 'x1000':
      return `${target} := WORD_TO_UINT(${word(0)});`;
    case 'bits': {
      const group = target.slice(0, target.lastIndexOf('.'));
      return (tag.bits ?? []).map((bit, n) => `${group}.${bit} := ${word(0)}.%X${n};`).join('\n');
    }
    case 'u32':
      return `${target} := WORD_TO_UDINT(${word(0)}) * 65536 + WORD_TO_UDINT(${word(1)});`;
    case 'f32':
      return `${target} := FC_GoodpartReal(HighWord := ${word(0)}, LowWord := ${word(1)});`;
    case 'text':
      return `FOR I := 0 TO 31 DO
  ${target}[2 * I] := UINT_TO_BYTE(WORD_TO_UINT(${word('I')}) / 256);
  ${target}[2 * I + 1] := UINT_TO_BYTE(WORD_TO_UINT(${word('I')}) MOD 256);
END_FOR;`;
  }
}

function decodePictureBody(): string {
  const singles = decoded.picture.map((tag) => {
    const { group, member } = memberOf(tag);
    return decodeTag(
      tag,
      `Picture.${group}.${member}`,
      (n) => `Registers[${typeof n === 'string' ? `${tag.address} + ${n}` : tag.address + n}]`,
    );
  });
  const ring = decoded.ring.map((tag) =>
    decodeTag(
      tag,
      `Picture.Ring[I].${memberOf(tag).member}`,
      () => `Ring[${tag.stride} * I + ${tag.address - ringStart}]`,
    ),
  );
  return `${singles.join('\n')}
FOR I := 0 TO 7 DO
${indented(ring.join('\n'), 2)}
END_FOR;
FC_GoodpartDecode := Picture.Status.MapVersion = 256 AND Picture.Status.ProofWord = UDINT#305419896;`;
}

function decodeRoisBody(): string {
  const rows = decoded.rois.map((tag) =>
    decodeTag(
      tag,
      `Rois[I].${memberOf(tag).member}`,
      (n) => `Registers[${tag.stride} * (I - 1) + ${tag.address - pictureLength + Number(n)}]`,
    ),
  );
  return `FOR I := 1 TO 16 DO
${indented(rows.join('\n'), 2)}
END_FOR;
FC_GoodpartDecodeRois := TRUE;`;
}

function encodeBody(): string {
  const rows = decoded.command.map((tag) => {
    const at = tag.address - commandStart;
    const source = `Command.${memberOf(tag).member}`;
    if (tag.type !== 'text') return `Registers[${at}] := UINT_TO_WORD(${source});`;
    return `FOR I := 0 TO 31 DO
  Registers[${at} + I] := UINT_TO_WORD(BYTE_TO_UINT(${source}[2 * I]) * 256 + BYTE_TO_UINT(${source}[2 * I + 1]));
END_FOR;`;
  });
  return `${rows.join('\n')}\nFC_GoodpartEncode := TRUE;`;
}

/** Between raw registers and structures, both ways; one statement per tag of the table. */
export const codingFunctions: Block[] = [
  {
    kind: 'FUNCTION',
    name: 'FC_GoodpartDecode',
    comment: [
      'Registers 0..99 and 300..339 of one station into the picture, word order ABCD. TRUE: the map is the expected one.',
    ],
    returns: 'BOOL',
    inputs: [
      variable('Registers', 'ARRAY[0..99] OF WORD', 'Registers 0..99, read at once'),
      variable('Ring', 'ARRAY[0..39] OF WORD', 'Registers 300..339'),
    ],
    inOuts: [variable('Picture', 'ST_GoodpartPicture')],
    temps: [variable('I', 'INT')],
    body: decodePictureBody(),
  },
  {
    kind: 'FUNCTION',
    name: 'FC_GoodpartDecodeRois',
    comment: ['Registers 100..163 into the 16 regions, word order ABCD.'],
    returns: 'BOOL',
    inputs: [variable('Registers', 'ARRAY[0..63] OF WORD', 'Registers 100..163')],
    inOuts: [variable('Rois', 'ARRAY[1..16] OF ST_GoodpartRoi')],
    temps: [variable('I', 'INT')],
    body: decodeRoisBody(),
  },
  {
    kind: 'FUNCTION',
    name: 'FC_GoodpartEncode',
    comment: ['The command block as registers 200..240, to be written with ONE write.'],
    returns: 'BOOL',
    inputs: [variable('Command', 'ST_GoodpartCommand')],
    inOuts: [variable('Registers', 'ARRAY[0..40] OF WORD', 'Registers 200..240')],
    temps: [variable('I', 'INT')],
    body: encodeBody(),
  },
];
