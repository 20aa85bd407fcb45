/** What a JPEG file says of itself before its first pixel. */
export interface JpegHeader {
  width: number;
  height: number;
  /** 1 grey, 3 colour, 4 CMYK. */
  channels: 1 | 3 | 4;
}

const startOfImage = 0xd8;
const startOfScan = 0xda;
const application1 = 0xe1;
/** Baseline, extended and progressive, Huffman coded. */
const startOfFrame = new Set([0xc0, 0xc1, 0xc2]);

/**
 * Size and channels of an 8-bit JPEG file that carries no EXIF and so no rotation, as ITU-T T.81 annex B lays them down; undefined for every other
 * file, and for one in which anything is odd: libvips is asked then. Reading it here spares each frame a way through libuv's threads.
 */
export function jpegHeader(data: Uint8Array): JpegHeader | undefined {
  const u16 = (at: number) => (data[at] << 8) | data[at + 1];
  if (data[0] !== 0xff || data[1] !== startOfImage) return undefined;
  for (let at = 2; at + 4 <= data.length; ) {
    if (data[at] !== 0xff) return undefined;
    const marker = data[at + 1];
    const length = u16(at + 2);
    const end = at + 2 + length;
    if (marker < 0xc0 || marker === 0xff || marker === startOfScan || length < 2 || end > data.length) return undefined;
    if (marker === application1) return undefined;
    if (startOfFrame.has(marker)) {
      const [precision, height, width, channels] = [data[at + 4], u16(at + 5), u16(at + 7), data[at + 9]];
      if (length !== 8 + 3 * channels || precision !== 8 || width === 0 || height === 0) return undefined;
      return channels === 1 || channels === 3 || channels === 4 ? { width, height, channels } : undefined;
    }
    at = end;
  }
  return undefined;
}
