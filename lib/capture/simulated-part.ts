import { gaussian, mixSeed, type Random, seededRandom } from '../core/random.ts';
import { type DefectKind, type DefectSpot, defectKinds, drawDefect } from './simulated-defect.ts';

/** A picture under construction: RGB, 8 bit, row by row. */
export interface Canvas {
  width: number;
  height: number;
  data: Uint8Array;
}

/** The part's geometry, in pixels of its canvas; lengths scale with `unit` (1 at 640 x 480). */
export interface PartLayout {
  unit: number;
  plate: { x: number; y: number; width: number; height: number };
  holes: { x: number; y: number; radius: number }[];
}

export interface DrawnPart {
  data: Buffer;
  truth: 'good' | DefectKind;
  /** Where the defect is, in 0..1 frame coordinates. */
  spot: DefectSpot | null;
}

export function layoutOf(width: number, height: number): PartLayout {
  const unit = Math.min(width / 640, height / 480);
  const plate = { x: width * 0.11, y: height * 0.12, width: width * 0.78, height: height * 0.76 };
  const inset = 48 * unit;
  const corner = (right: number, bottom: number) => ({
    x: plate.x + (right ? plate.width - inset : inset),
    y: plate.y + (bottom ? plate.height - inset : inset),
    radius: 17 * unit,
  });
  return { unit, plate, holes: [corner(0, 0), corner(1, 0), corner(0, 1), corner(1, 1)] };
}

/**
 * Draws parts of one production run: the same plate, lying still up to one pixel, with fresh sensor noise, brightness
 * within 2 % and fine streaks of its own; with a defect now and then. Part `number` depends on the seed and the number only.
 */
export class PartDrawer {
  readonly #base: Canvas;
  readonly #layout: PartLayout;
  readonly #work: Uint8Array;
  readonly #noise: Int8Array;
  readonly #seed: number;
  readonly #defectRate: number;

  constructor(o: { width: number; height: number; seed: number; defectRate: number }) {
    this.#layout = layoutOf(o.width, o.height);
    this.#seed = o.seed;
    this.#defectRate = o.defectRate;
    this.#base = drawPlate(o.width, o.height, this.#layout);
    this.#work = new Uint8Array(this.#base.data.length);
    this.#noise = new Int8Array(65_536);
    const random = seededRandom(mixSeed(o.seed, 0xfffff));
    for (let i = 0; i < this.#noise.length; i++) this.#noise[i] = Math.round(gaussian(random) * 2.2);
  }

  draw(number: number): DrawnPart {
    const { width, height, data } = this.#base;
    const random = seededRandom(mixSeed(this.#seed, number));
    const defective = random() < this.#defectRate;
    const kind = defectKinds[Math.floor(random() * defectKinds.length)];
    this.#work.set(data);
    const canvas = { width, height, data: this.#work };
    const spot = defective ? drawDefect(canvas, kind, this.#layout, random) : null;
    return { data: this.#expose(random), truth: defective ? kind : 'good', spot };
  }

  /** Shifts by a fraction of a pixel (bilinear, 1/256), changes the light and adds noise. */
  #expose(random: Random): Buffer {
    const { width, height } = this.#base;
    const out = Buffer.allocUnsafe(width * height * 3);
    const source = this.#work;
    const noise = this.#noise;
    const dx = random() * 2 - 1;
    const dy = random() * 2 - 1;
    const fx = Math.round((dx - Math.floor(dx)) * 256);
    const fy = Math.round((dy - Math.floor(dy)) * 256);
    const gain = 0.98 + 0.04 * random();
    const tilt = (random() - 0.5) * 0.02;
    const w00 = (256 - fx) * (256 - fy);
    const w01 = fx * (256 - fy);
    const w10 = (256 - fx) * fy;
    const w11 = fx * fy;
    let to = 0;
    for (let y = 0; y < height; y++) {
      const y0 = clamp(y + Math.floor(dy), height - 1) * width;
      const y1 = clamp(y + Math.floor(dy) + 1, height - 1) * width;
      const streak = gaussian(random) * 0.7;
      const light = (gain + tilt * (y / height - 0.5)) / 65_536;
      let n = Math.floor(random() * 65_536);
      for (let x = 0; x < width; x++) {
        const x0 = clamp(x + Math.floor(dx), width - 1);
        const x1 = clamp(x + Math.floor(dx) + 1, width - 1);
        const a = (y0 + x0) * 3;
        const b = (y0 + x1) * 3;
        const c = (y1 + x0) * 3;
        const d = (y1 + x1) * 3;
        for (let k = 0; k < 3; k++) {
          const value = source[a + k] * w00 + source[b + k] * w01 + source[c + k] * w10 + source[d + k] * w11;
          const level = value * light + streak + noise[n++ & 0xffff] + 0.5;
          out[to++] = level < 0 ? 0 : Math.min(level, 255);
        }
      }
    }
    return out;
  }
}

function clamp(value: number, most: number): number {
  return value < 0 ? 0 : Math.min(value, most);
}

/** The plate without any defect: brushed metal, a turned ring, four holes, a printed mark, on a dark conveyor. */
function drawPlate(width: number, height: number, layout: PartLayout): Canvas {
  const { unit, plate, holes } = layout;
  const random = seededRandom(20_260_101);
  const data = new Uint8Array(width * height * 3);
  const brush = new Float32Array(width);
  const centre = { x: width / 2, y: height / 2 };
  for (let y = 0; y < height; y++) {
    // brushing runs along x: what one pixel has, its right neighbour nearly has as well
    const row = gaussian(random) * 5;
    let fine = 0;
    for (let x = 0; x < width; x++) {
      fine = fine * 0.93 + gaussian(random) * 1.5;
      brush[x] = brush[x] * 0.35 + (row + fine) * 0.65;
    }
    for (let x = 0; x < width; x++) {
      const inPlate = roundedBox(x, y, plate, 22 * unit);
      const radius = Math.hypot(x - centre.x, y - centre.y) / unit;
      let r = 38 + 4 * Math.sin(x / (9 * unit)) + gaussian(random);
      let g = r + 1;
      let b = r + 4;
      if (inPlate < 0) {
        const shade = 168 + 14 * (1 - y / height) + brush[x];
        let metal = shade;
        if (inPlate > -5 * unit) metal *= y < centre.y ? 1.14 : 0.78; // chamfer
        if (radius < 112 && radius > 66) metal = turned(radius, x - centre.x, y - centre.y, shade);
        if (Math.abs(radius - 112) < 2 || Math.abs(radius - 66) < 2) metal *= 0.62;
        if (radius < 34)
          metal = 24 + brush[x] * 0.3; // bore
        else if (radius < 39) metal *= 1.22;
        for (const hole of holes) {
          const away = Math.hypot(x - hole.x, y - hole.y);
          if (away < hole.radius) metal = 30 + brush[x] * 0.3;
          else if (away < hole.radius + 5 * unit) metal *= y < hole.y ? 0.8 : 1.16; // countersink
        }
        r = metal;
        g = metal * 1.005;
        b = metal * 1.02;
        if (inMark((x - centre.x) / unit, (y - (plate.y + plate.height - 52 * unit)) / unit)) {
          r *= 0.25;
          g *= 0.32;
          b *= 0.55;
        }
      }
      const at = (y * width + x) * 3;
      data[at] = clamp(r, 250);
      data[at + 1] = clamp(g, 250);
      data[at + 2] = clamp(b, 250);
    }
  }
  return { width, height, data };
}

/** Signed distance to a box with round corners, negative inside. */
function roundedBox(x: number, y: number, box: PartLayout['plate'], round: number): number {
  const qx = Math.abs(x - box.x - box.width / 2) - box.width / 2 + round;
  const qy = Math.abs(y - box.y - box.height / 2) - box.height / 2 + round;
  return Math.hypot(Math.max(qx, 0), Math.max(qy, 0)) + Math.min(Math.max(qx, qy), 0) - round;
}

/** Lathe-turned metal: fine rings, and the two bright fans that light makes on them. */
function turned(radius: number, dx: number, dy: number, shade: number): number {
  const fan = Math.cos(2 * (Math.atan2(dy, dx) - 0.6));
  return shade * (0.96 + 0.1 * fan) + 3.5 * Math.sin(radius * 2.1);
}

const mark = ['#  #.###.#  .###', '#  #. # .#  .#  ', '####. # .#  .## ', '#  #. # .#  .#  ', '#  #.###.###.###'].map(
  (row) => row.replaceAll('.', ' '),
);

/** A printed mark of 5 x 16 dots, 5 units each, centred. */
function inMark(x: number, y: number): boolean {
  const column = Math.floor(x / 5 + 8);
  const row = Math.floor(y / 5 + 2.5);
  return mark[row]?.[column] === '#';
}
