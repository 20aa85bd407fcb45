import assert from 'node:assert/strict';
import { seededRandom } from '../../lib/core/random.ts';
import { Fft, powerOfTwo } from '../../lib/imaging/fft.ts';

describe('Fft', () => {
  const random = seededRandom(2);
  const width = 8;
  const height = 4;
  const real = Float64Array.from({ length: width * height }, () => random());
  const imaginary = Float64Array.from({ length: width * height }, () => random());

  it('gives the sums of the definition', () => {
    const [r, i] = [Float64Array.from(real), Float64Array.from(imaginary)];
    new Fft(width, height).forward(r, i);
    for (let v = 0; v < height; v++) {
      for (let u = 0; u < width; u++) {
        let [sumR, sumI] = [0, 0];
        for (let y = 0; y < height; y++) {
          for (let x = 0; x < width; x++) {
            const turn = -2 * Math.PI * ((u * x) / width + (v * y) / height);
            const at = y * width + x;
            sumR += real[at] * Math.cos(turn) - imaginary[at] * Math.sin(turn);
            sumI += real[at] * Math.sin(turn) + imaginary[at] * Math.cos(turn);
          }
        }
        assert.ok(Math.abs(r[v * width + u] - sumR) < 1e-9 && Math.abs(i[v * width + u] - sumI) < 1e-9);
      }
    }
  });

  it('comes back', () => {
    const [r, i] = [Float64Array.from(real), Float64Array.from(imaginary)];
    const fft = new Fft(width, height);
    fft.forward(r, i);
    fft.inverse(r, i);
    for (let at = 0; at < real.length; at++) {
      assert.ok(Math.abs(r[at] / real.length - real[at]) < 1e-12);
      assert.ok(Math.abs(i[at] / real.length - imaginary[at]) < 1e-12);
    }
  });

  it('takes powers of two only', () => {
    assert.throws(() => new Fft(6, 4), RangeError);
    assert.deepEqual([1, 2, 3, 64, 65].map(powerOfTwo), [1, 2, 4, 64, 128]);
  });
});
