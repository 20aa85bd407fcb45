import type { Grey } from './pyramid.ts';

/** A rigid motion about the middle, from the reference's pixels to the frame's: shift in pixels of the level, turn in radians. */
export interface Motion {
  x: number;
  y: number;
  angle: number;
}

/** Which of a motion's parts are sought. */
export interface Freedom {
  shift: boolean;
  rotation: boolean;
}

/** A reference picture, ready for `align`. */
export interface Template {
  picture: Grey;
  /** Derivatives of the normalised reference by shift right, shift down and turn (in units of `arm`), [pixels, 3]. */
  jacobian: Float32Array;
  /** Inverse of the 3 x 3 Gauss-Newton matrix, without directions in which the reference has no structure. */
  inverse: Float64Array;
  /** Radius of gyration, pixels: a turn of 1/arm moves a typical pixel by 1. */
  arm: number;
}

/** Directions with less than this share of the strongest one's curvature are not determined by the picture. */
const leastCurvature = 0.01;

export function prepareTemplate(picture: Grey, freedom: Freedom): Template {
  const { width, height, values } = picture;
  const arm = Math.sqrt((width * width + height * height) / 12);
  const jacobian = new Float32Array(values.length * 3);
  const matrix = new Float64Array(9);
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const at = y * width + x;
      const gx = (values[at + 1] - values[at - 1]) / 2;
      const gy = (values[at + width] - values[at - width]) / 2;
      const turn = (gy * (x + 0.5 - width / 2) - gx * (y + 0.5 - height / 2)) / arm;
      const row = [freedom.shift ? gx : 0, freedom.shift ? gy : 0, freedom.rotation ? turn : 0];
      jacobian.set(row, at * 3);
      for (let i = 0; i < 3; i++) for (let j = 0; j < 3; j++) matrix[i * 3 + j] += row[i] * row[j];
    }
  }
  return { picture, jacobian, inverse: pseudoInverse(matrix), arm };
}

/**
 * Refines a motion: inverse compositional Gauss-Newton (Baker and Matthews 2004) on zero-mean normalised grey values, whose
 * optimum is the enhanced correlation coefficient's (Evangelidis and Psarakis 2008): brightness and gain do not matter.
 */
export function align(template: Template, frame: Grey, start: Motion, steps: number): Motion {
  const { picture, jacobian, inverse, arm } = template;
  const warped = new Float32Array(picture.values.length);
  let motion = start;
  for (let step = 0; step < steps; step++) {
    const { count, gain, offset, mean } = compare(picture, frame, motion, warped);
    if (count === 0 || !(gain > 0)) return motion;
    let a = 0;
    let b = 0;
    let c = 0;
    for (let i = 0, j = 0; i < warped.length; i++, j += 3) {
      const value = warped[i];
      if (Number.isNaN(value)) continue;
      const error = (value - offset) * gain - (picture.values[i] - mean);
      a += jacobian[j] * error;
      b += jacobian[j + 1] * error;
      c += jacobian[j + 2] * error;
    }
    const x = inverse[0] * a + inverse[1] * b + inverse[2] * c;
    const y = inverse[3] * a + inverse[4] * b + inverse[5] * c;
    const angle = motion.angle - (inverse[6] * a + inverse[7] * b + inverse[8] * c) / arm;
    const cos = Math.cos(angle);
    const sin = Math.sin(angle);
    motion = { x: motion.x - cos * x + sin * y, y: motion.y - sin * x - cos * y, angle };
    if (Math.abs(x) + Math.abs(y) + Math.abs(angle - motion.angle) * arm < 1e-3) break;
  }
  return motion;
}

/** Correlation coefficient of reference and frame under a motion, over what both show; -1 where that is less than half. */
export function correlation(picture: Grey, frame: Grey, motion: Motion): number {
  const warped = new Float32Array(picture.values.length);
  const { count, correlation: value } = compare(picture, frame, motion, warped);
  return count * 2 < warped.length ? -1 : value;
}

/** Samples the frame at the reference's pixels (bilinear; NaN beyond the edge) and compares what both show. */
function compare(picture: Grey, frame: Grey, { x: dx, y: dy, angle }: Motion, warped: Float32Array) {
  const { width, height, values } = picture;
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  const cx = (width - 1) / 2;
  const cy = (height - 1) / 2;
  const lastX = width - 1;
  const lastY = height - 1;
  let count = 0;
  let [sum, square, own, ownSquare, product] = [0, 0, 0, 0, 0];
  for (let row = 0, at = 0; row < height; row++) {
    const rowX = cx + dx - sin * (row - cy);
    const rowY = cy + dy + cos * (row - cy);
    for (let column = 0; column < width; column++, at++) {
      const x = rowX + cos * (column - cx);
      const y = rowY + sin * (column - cx);
      if (!(x >= 0 && y >= 0 && x <= lastX && y <= lastY)) {
        warped[at] = Number.NaN;
        continue;
      }
      const left = x === lastX ? lastX - 1 : x | 0;
      const top = y === lastY ? lastY - 1 : y | 0;
      const fx = x - left;
      const fy = y - top;
      const from = top * width + left;
      const upper = frame.values[from] + fx * (frame.values[from + 1] - frame.values[from]);
      const below = from + width;
      const lower = frame.values[below] + fx * (frame.values[below + 1] - frame.values[below]);
      const value = upper + fy * (lower - upper);
      const mine = values[at];
      warped[at] = value;
      count++;
      sum += value;
      square += value * value;
      own += mine;
      ownSquare += mine * mine;
      product += value * mine;
    }
  }
  if (count === 0) return { count, gain: 0, offset: 0, mean: 0, correlation: -1 };
  const offset = sum / count;
  const mean = own / count;
  const variance = square / count - offset * offset;
  const ownVariance = ownSquare / count - mean * mean;
  const covariance = product / count - offset * mean;
  const gain = variance > 0 ? Math.sqrt(ownVariance / variance) : 0;
  const value = variance > 0 && ownVariance > 0 ? covariance / Math.sqrt(variance * ownVariance) : 0;
  return { count, gain, offset, mean, correlation: value };
}

/** Of a symmetric 3 x 3 matrix, without weak directions: Jacobi rotations (Golub and Van Loan, 8.5). */
function pseudoInverse(matrix: Float64Array): Float64Array {
  const a = Float64Array.from(matrix);
  const v = Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);
  for (let sweep = 0; sweep < 30; sweep++) {
    for (const [p, q] of [
      [0, 1],
      [0, 2],
      [1, 2],
    ]) {
      const off = a[p * 3 + q];
      if (off === 0) continue;
      const theta = (a[q * 3 + q] - a[p * 3 + p]) / (2 * off);
      const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
      const cos = 1 / Math.sqrt(t * t + 1);
      const sin = t * cos;
      for (let k = 0; k < 3; k++) {
        const [kp, kq] = [a[k * 3 + p], a[k * 3 + q]];
        a[k * 3 + p] = cos * kp - sin * kq;
        a[k * 3 + q] = sin * kp + cos * kq;
      }
      for (let k = 0; k < 3; k++) {
        const [pk, qk] = [a[p * 3 + k], a[q * 3 + k]];
        a[p * 3 + k] = cos * pk - sin * qk;
        a[q * 3 + k] = sin * pk + cos * qk;
      }
      for (let k = 0; k < 3; k++) {
        const [kp, kq] = [v[k * 3 + p], v[k * 3 + q]];
        v[k * 3 + p] = cos * kp - sin * kq;
        v[k * 3 + q] = sin * kp + cos * kq;
      }
    }
  }
  const values = [a[0], a[4], a[8]];
  const strongest = Math.max(...values);
  const out = new Float64Array(9);
  for (let k = 0; k < 3; k++) {
    if (!(values[k] > strongest * leastCurvature)) continue;
    for (let i = 0; i < 3; i++) for (let j = 0; j < 3; j++) out[i * 3 + j] += (v[i * 3 + k] * v[j * 3 + k]) / values[k];
  }
  return out;
}
