import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type BayerOrder, demosaicBilinear } from '../../lib/capture/genicam/demosaic.ts';
import { chooseFormat, toPicture } from '../../lib/capture/genicam/pixels.ts';

/** Position of each colour's pixels in the 2 x 2 tile: the letters of the order, row by row. */
const tiles: Record<BayerOrder, string> = { RG: 'RGGB', GR: 'GRBG', GB: 'GBRG', BG: 'BGGR' };

function mosaicOf(order: BayerOrder, width: number, height: number, colour: (letter: string) => number): Buffer {
  return Buffer.from(
    Array.from({ length: width * height }, (_, i) => {
      const [x, y] = [i % width, Math.floor(i / width)];
      return colour(tiles[order][(y & 1) * 2 + (x & 1)]);
    }),
  );
}

describe('pictures of a GenICam camera', () => {
  for (const order of Object.keys(tiles) as BayerOrder[]) {
    it(`give each colour of a uniform ${order} mosaic back, to the border`, () => {
      fc.assert(
        fc.property(
          fc.integer({ min: 2, max: 9 }),
          fc.integer({ min: 2, max: 9 }),
          fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255)),
          (width, height, rgb) => {
            const mosaic = mosaicOf(order, width, height, (letter) => rgb['RGB'.indexOf(letter)]);
            const expected = Buffer.from(Array.from({ length: width * height }, () => rgb).flat());
            assert.deepEqual(demosaicBilinear(mosaic, width, height, order), expected);
          },
        ),
      );
    });
  }

  it('take missing colours from the nearest pixels that have them', () => {
    // R G R    the middle is blue's neighbour-free pixel: green across, red from the corners
    // G B G
    // R G R
    const mosaic = Buffer.from([10, 50, 20, 60, 200, 80, 30, 70, 41]);
    const rgb = demosaicBilinear(mosaic, 3, 3, 'RG');
    assert.deepEqual([...rgb.subarray(12, 15)], [Math.round((10 + 20 + 30 + 41) / 4), (50 + 60 + 80 + 70) / 4, 200]);
    assert.deepEqual([...rgb.subarray(3, 6)], [15, 50, 200]);
  });

  it('lose the padding behind each row, in a mosaic too', () => {
    const padded = Buffer.from([1, 2, 3, 99, 4, 5, 6, 99]);
    const mono = toPicture({ code: 0x01080001, width: 3, height: 2, padding: 1, data: padded });
    assert.deepEqual([...mono.data], [1, 2, 3, 4, 5, 6]);
    const bayer = toPicture({ code: 0x01080009, width: 3, height: 2, padding: 1, data: padded });
    assert.deepEqual(bayer.data, demosaicBilinear(Buffer.from([1, 2, 3, 4, 5, 6]), 3, 2, 'RG'));
    assert.deepEqual([bayer.channels, bayer.bitDepth], [3, 8]);
  });

  it('keep 10 and 12 bits as they are, and say how many are used', () => {
    const data = Buffer.alloc(4);
    data.writeUInt16LE(4_095, 0);
    data.writeUInt16LE(1, 2);
    const { sampleBits, bitDepth, channels, ...picture } = toPicture({
      ...{ code: 0x01100005, width: 2, height: 1, padding: 0, data },
    });
    assert.deepEqual([sampleBits, bitDepth, channels], [12, 16, 1]);
    assert.deepEqual([picture.data.readUInt16LE(0), picture.data.readUInt16LE(2)], [4_095, 1]);
  });

  it('are RGB where the camera sends BGR', () => {
    const data = Buffer.from([1, 2, 3, 4, 5, 6]);
    assert.deepEqual(
      [...toPicture({ code: 0x02180015, width: 2, height: 1, padding: 0, data }).data],
      [3, 2, 1, 6, 5, 4],
    );
  });

  it('are asked for by the name that the camera has for them', () => {
    assert.equal(chooseFormat('RGB8', ['Mono8', 'RGB8Packed']), 'RGB8Packed');
    assert.equal(chooseFormat('Bayer8', ['Mono8', 'BayerGB8', 'BayerGB12']), 'BayerGB8');
    assert.throws(() => chooseFormat('Mono12', ['Mono12Packed', 'Mono8']), {
      field: 'pixelFormat',
      message: 'Expected one of Mono8 for pixelFormat but received Mono12; the camera offers Mono12Packed, Mono8',
    });
    assert.throws(() => toPicture({ code: 0x010c0006, width: 2, height: 2, padding: 0, data: Buffer.alloc(6) }), {
      message: /unreadable format 0x010c0006/,
    });
  });
});
