import assert from 'node:assert/strict';
import sharp from 'sharp';
import { openImage } from '../../lib/imaging/decode.ts';
import { jpegHeader } from '../../lib/imaging/jpeg-header.ts';

const info = { encoding: 'jpeg', width: null, height: null, channels: null, bitDepth: null } as const;
const noise = (count: number) => Buffer.from(Uint8Array.from({ length: count }, (_, i) => (i * i * 31) >> 5));
const picture = (channels: 1 | 3) => sharp(noise(71 * 43 * channels), { raw: { width: 71, height: 43, channels } });

describe('jpegHeader', () => {
  it('says of every kind of JPEG what libvips says, or nothing', async () => {
    const kinds: Record<string, Promise<Buffer>> = {
      baseline: picture(3).jpeg().toBuffer(),
      progressive: picture(3).jpeg({ progressive: true }).toBuffer(),
      'no subsampling': picture(3).jpeg({ chromaSubsampling: '4:4:4' }).toBuffer(),
      grey: picture(1).toColourspace('b-w').jpeg().toBuffer(),
      cmyk: picture(3).toColourspace('cmyk').jpeg().toBuffer(),
      'colour profile': picture(3).withIccProfile('p3').jpeg().toBuffer(),
    };
    for (const [kind, made] of Object.entries(kinds)) {
      const data = await made;
      const { width, height, channels, depth } = await sharp(data).metadata();
      assert.deepEqual([width, height, depth], [71, 43, 'uchar']);
      assert.deepEqual(jpegHeader(data), { width, height, channels }, kind);
    }
  });

  it('leaves a picture with EXIF to libvips, which turns it', async () => {
    const data = await picture(3).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    assert.equal(jpegHeader(data), undefined);
    const { width, height } = await openImage({ data, info });
    assert.deepEqual([width, height], [43, 71]);
  });

  it('reads nothing out of what is cut off or altered before its first pixel, and never beyond the end', async () => {
    const data = await picture(3).jpeg().toBuffer();
    const scan = data.indexOf(Buffer.from([0xff, 0xda]));
    for (let length = 0; length < scan; length++) {
      const header = jpegHeader(data.subarray(0, length));
      if (header !== undefined) assert.deepEqual(header, { width: 71, height: 43, channels: 3 });
    }
    for (let at = 0; at < scan; at++) {
      for (const byte of [0, 0xff, 0xd8, data[at] ^ 0x10]) {
        const altered = Buffer.from(data);
        altered[at] = byte;
        const header = jpegHeader(altered);
        if (header === undefined) continue;
        const { channels, width, height } = header;
        assert.ok([1, 3, 4].includes(channels) && width > 0 && height > 0, `${at}: ${byte}`);
      }
    }
  });
});
