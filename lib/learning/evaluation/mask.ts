import { decodeTo, readSize } from '../../imaging/decode.ts';
import { failed } from '../failure.ts';
import { loadFile } from '../pictures/files.ts';

export interface Mask {
  width: number;
  height: number;
  /** 1 where the picture shows a defect, else 0; row by row. */
  pixels: Uint8Array;
}

/**
 * A mask file in its own size, or brought to a square of `side` by the pixel nearest to each centre, which keeps thin defects at
 * their share of the area. Throws GP_LEARN_FAILED that names the file.
 */
export async function readMask(path: string, side?: number): Promise<Mask> {
  try {
    const image = await loadFile(path);
    const own = await readSize(image);
    const { data } = await decodeTo(image, { ...own, channels: 1 });
    // Some sets number their defects 1, 2, …; a JPEG's black is not quite 0.
    const least = image.info.encoding === 'jpeg' ? 128 : 1;
    const width = side ?? own.width;
    const height = side ?? own.height;
    const pixels = new Uint8Array(width * height);
    for (let y = 0, at = 0; y < height; y++) {
      const row = Math.floor(((y + 0.5) * own.height) / height) * own.width;
      for (let x = 0; x < width; x++, at++) {
        pixels[at] = data[row + Math.floor(((x + 0.5) * own.width) / width)] >= least ? 1 : 0;
      }
    }
    return { width, height, pixels };
  } catch (error) {
    throw failed(`the mask ${path}`, 'a picture', error instanceof Error ? error.message : String(error));
  }
}
