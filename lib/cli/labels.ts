import { readFile } from 'node:fs/promises';
import { basename, isAbsolute, join, resolve } from 'node:path';
import { GoodpartError } from '../core/errors.ts';
import type { PictureAttributes } from '../learning/options.ts';

const columns = ['file', 'shift', 'lot', 'nest'] as const;

/**
 * What a CSV file says of pictures: a heading with `file` and any of `shift`, `lot`, `nest` (others are not looked at), one line for each
 * picture; comma or semicolon, quotes as in RFC 4180. A file is a path below one of `folders`, or a whole path. Throws
 * GP_INPUT_INVALID that names the line.
 */
export async function readLabels(
  path: string,
  files: readonly string[],
  folders: readonly string[],
): Promise<Map<string, PictureAttributes>> {
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw unusable('a readable CSV file for --labels', `${path} (${error.message.split(',')[0]})`);
  });
  const [heading, ...lines] = rowsOf(text);
  const names = (heading?.cells ?? []).map((name) => name.trim().toLowerCase());
  const at = Object.fromEntries(columns.map((name) => [name, names.indexOf(name)])) as Record<
    (typeof columns)[number],
    number
  >;
  if (at.file < 0 || (at.shift < 0 && at.lot < 0 && at.nest < 0)) {
    throw unusable(`a first line with file and any of shift, lot, nest in ${path}`, names.join(',') || 'an empty file');
  }
  const known = new Set(files);
  const labels = new Map<string, PictureAttributes>();
  for (const { cells, line } of lines) {
    const file = cells[at.file]?.trim() ?? '';
    const found = candidates(file, folders).find((candidate) => known.has(candidate));
    if (found === undefined)
      throw unusable(`one of the good pictures in line ${line} of ${path}`, JSON.stringify(file));
    const cell = (column: number) => (column < 0 ? '' : (cells[column]?.trim() ?? '')) || undefined;
    labels.set(found, { shift: cell(at.shift), lot: cell(at.lot), nest: cell(at.nest) });
  }
  return labels;
}

/** The paths that a name may mean: as it is, below a folder, or by its last part in a folder. */
export function candidates(file: string, folders: readonly string[]): string[] {
  if (isAbsolute(file)) return [resolve(file)];
  return [
    ...folders.map((folder) => join(folder, file)),
    ...folders.map((folder) => join(folder, basename(file))),
    resolve(file),
  ];
}

interface Row {
  cells: string[];
  line: number;
}

/** Rows that hold anything. The separator is what the first line has more of. */
function rowsOf(text: string): Row[] {
  const clean = text.replace(/^\uFEFF/, '');
  const first = clean.split('\n', 1)[0];
  const separator = first.split(';').length > first.split(',').length ? ';' : ',';
  const rows: Row[] = [];
  let cells: string[] = [];
  let cell = '';
  let quoted = false;
  let line = 1;
  let began = 1;
  const endRow = () => {
    cells.push(cell);
    if (cells.some((value) => value.trim() !== '')) rows.push({ cells, line: began });
    [cells, cell] = [[], ''];
  };
  for (let i = 0; i < clean.length; i++) {
    const char = clean[i];
    if (quoted) {
      if (char === '"' && clean[i + 1] === '"') cell += clean[++i];
      else if (char === '"') quoted = false;
      else cell += char;
      if (char === '\n') line += 1;
    } else if (char === '"') quoted = true;
    else if (char === separator) {
      cells.push(cell);
      cell = '';
    } else if (char === '\n') {
      endRow();
      began = ++line;
    } else if (char !== '\r') cell += char;
  }
  endRow();
  return rows;
}

function unusable(expected: string, received: string): GoodpartError {
  return new GoodpartError('GP_INPUT_INVALID', `Expected ${expected} but received ${received}`, { expected, received });
}
