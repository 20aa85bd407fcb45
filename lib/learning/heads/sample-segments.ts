import { createHash } from 'node:crypto';
import { copyFile, type FileHandle, link, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { GoodpartError } from '../../core/errors.ts';
import { Samples } from './samples.ts';

/*
 * A segment is an append-only file: header, pictures, sha256 of both. Little endian.
 *   0  8 bytes   'GPSAMPL1'
 *   8  uint32    positions
 *  12  uint32    dimensions
 *  16  uint32    pictures
 *  20  uint32    0
 *  24  32 bytes  origin: sha256 of what made the features; others do not mix with them
 *  56  pictures, each float32 scale[dimensions], int16 values[positions, dimensions]
 */
const magic = 'GPSAMPL1';
const headerBytes = 56;
const digestBytes = 32;
const mostCells = 1 << 28;
const name = /^samples-(\d{4})\.bin$/;

const pictureBytes = (positions: number, dimensions: number) => dimensions * 4 + positions * dimensions * 2;

/** Segment files of a model's folder in the order they were added; empty where it has none. */
export async function segmentsOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder);
  return entries.filter((entry) => name.test(entry)).sort();
}

/**
 * Writes the pictures `from` and later as the folder's next segment, complete or not at all. `origin` (sha256, hex) tells by
 * which features and projection they were made. Returns the file's name.
 */
export async function writeSegment(folder: string, samples: Samples, origin: string, from = 0): Promise<string> {
  const before = await segmentsOf(folder);
  const number = before.length === 0 ? 1 : Number(name.exec(before[before.length - 1])?.[1]) + 1;
  const file = `samples-${String(number).padStart(4, '0')}.bin`;
  const path = join(folder, file);
  const handle = await open(`${path}.part`, 'w');
  try {
    const hash = createHash('sha256');
    const write = async (bytes: Uint8Array) => {
      hash.update(bytes);
      await handle.writeFile(bytes);
    };
    const header = Buffer.alloc(headerBytes);
    header.write(magic, 'latin1');
    header.writeUInt32LE(samples.positions, 8);
    header.writeUInt32LE(samples.dimensions, 12);
    header.writeUInt32LE(samples.pictures - from, 16);
    Buffer.from(origin, 'hex').copy(header, 24, 0, digestBytes);
    await write(header);
    for (let picture = from; picture < samples.pictures; picture++) {
      const { scale, values } = samples.stored(picture);
      await write(bytesOf(scale));
      await write(bytesOf(values));
    }
    await handle.writeFile(hash.digest());
    await handle.sync();
  } catch (error) {
    await handle.close();
    await rm(`${path}.part`, { force: true });
    throw error;
  }
  await handle.close();
  await rename(`${path}.part`, path);
  return file;
}

/** Gives `folder` the segments of `parent`: the same files by hard links, or copies where the disk has none. */
export async function adoptSegments(parent: string, folder: string): Promise<string[]> {
  const files = await segmentsOf(parent);
  for (const file of files) {
    const source = join(parent, file);
    const target = join(folder, file);
    try {
      await link(source, target);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error;
      await copyFile(source, target);
    }
  }
  return files;
}

/**
 * All pictures of a folder's segments. Throws GP_STATE_DAMAGED for a segment that is cut, altered, of another kind or of other
 * features than `origin`: good pictures then have to be learned again from the start.
 */
export async function readSegments(folder: string, origin: string): Promise<Samples> {
  const files = await segmentsOf(folder);
  if (files.length === 0) throw damaged(folder, 'at least one file samples-0001.bin', 'none');
  let samples: Samples | null = null;
  for (const file of files) {
    const path = join(folder, file);
    const handle = await open(path, 'r');
    try {
      samples = await readInto(samples, handle, path, origin);
    } finally {
      await handle.close();
    }
  }
  return samples as Samples;
}

async function readInto(samples: Samples | null, handle: FileHandle, path: string, origin: string): Promise<Samples> {
  const header = Buffer.alloc(headerBytes);
  const { size } = await handle.stat();
  await readFully(handle, header, path);
  if (header.toString('latin1', 0, 8) !== magic)
    throw damaged(path, `a file that begins with ${magic}`, 'another kind');
  const positions = header.readUInt32LE(8);
  const dimensions = header.readUInt32LE(12);
  const pictures = header.readUInt32LE(16);
  const expected = headerBytes + pictures * pictureBytes(positions, dimensions) + digestBytes;
  if (positions * dimensions < 1 || positions * dimensions > mostCells || size !== expected) {
    throw damaged(path, `${expected} bytes for ${pictures} pictures of ${positions} x ${dimensions}`, `${size} bytes`);
  }
  const made = header.toString('hex', 24, 24 + digestBytes);
  if (made !== origin) throw damaged(path, `features ${origin.slice(0, 12)}`, `features ${made.slice(0, 12)}`);
  const into = samples ?? new Samples(positions, dimensions);
  if (into.positions !== positions || into.dimensions !== dimensions) {
    throw damaged(path, `${into.positions} x ${into.dimensions} numbers a picture`, `${positions} x ${dimensions}`);
  }
  const hash = createHash('sha256').update(header);
  for (let picture = 0; picture < pictures; picture++) {
    const scale = new Float32Array(dimensions);
    const values = new Int16Array(positions * dimensions);
    for (const part of [scale, values]) {
      const bytes = bytesOf(part);
      await readFully(handle, bytes, path);
      hash.update(bytes);
    }
    into.addStored({ scale, values });
  }
  const digest = Buffer.alloc(digestBytes);
  await readFully(handle, digest, path);
  if (!hash.digest().equals(digest)) throw damaged(path, 'the contents it was written with', 'altered ones');
  return into;
}

async function readFully(handle: FileHandle, bytes: Uint8Array, path: string): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await handle.read(bytes, done, bytes.length - done, null);
    if (bytesRead === 0) throw damaged(path, 'a complete file', 'one that ends early');
    done += bytesRead;
  }
}

// Typed arrays are little endian on every machine that this runs on (x64, arm64).
function bytesOf(array: Float32Array | Int16Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function damaged(field: string, expected: string, received: string): GoodpartError {
  return new GoodpartError(
    'GP_STATE_DAMAGED',
    `Expected ${expected} for the kept features ${field} but received ${received}; learn again from all good pictures`,
    { field, expected, received },
  );
}
