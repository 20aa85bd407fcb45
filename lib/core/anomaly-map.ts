import { invalidParameter } from './errors.ts';

/**
 * A grid of anomaly values over the frame, row by row, float32 little endian, in the model's units; larger is stranger.
 * Covers the whole frame: cell (x, y) is the frame's region [x/width, (x+1)/width) x [y/height, (y+1)/height).
 * Immutable, and passed by reference through Node-RED's message clone (see Frame).
 */
export class AnomalyMap {
  readonly width: number;
  readonly height: number;
  readonly data: Buffer;

  constructor(width: number, height: number, data: Buffer) {
    if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
      throw invalidParameter('map size', 'positive whole numbers', [width, height]);
    }
    if (!Buffer.isBuffer(data) || data.length !== width * height * 4) {
      throw invalidParameter('map.data', `a Buffer of ${width * height * 4} bytes`, data);
    }
    this.width = width;
    this.height = height;
    this.data = data;
    Object.freeze(this);
  }

  /** Values in row order. A copy: the map itself stays unchanged. */
  values(): Float32Array {
    const out = new Float32Array(this.width * this.height);
    for (let i = 0; i < out.length; i++) out[i] = this.data.readFloatLE(i * 4);
    return out;
  }

  static from(width: number, height: number, values: Float32Array): AnomalyMap {
    const data = Buffer.allocUnsafe(values.length * 4);
    for (let i = 0; i < values.length; i++) data.writeFloatLE(values[i], i * 4);
    return new AnomalyMap(width, height, data);
  }

  get [Symbol.toStringTag](): string {
    return 'GoodpartAnomalyMap';
  }

  toJSON(): { width: number; height: number; unit: string; bytes: number } {
    return { width: this.width, height: this.height, unit: 'model score', bytes: this.data.length };
  }
}
