/** A canvas at the screen's own resolution, cleared, in CSS pixels. */
function paper(
  canvas: HTMLCanvasElement,
): { pen: CanvasRenderingContext2D; width: number; height: number; ink: string } | null {
  const pen = canvas.getContext('2d');
  const { clientWidth: width, clientHeight: height } = canvas;
  if (pen === null || width === 0 || height === 0) return null;
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  pen.scale(scale, scale);
  return { pen, width, height, ink: getComputedStyle(canvas).color };
}

export interface Distribution {
  /** CSS; empty: the colour of the text. */
  colour: string;
  /** Shares of intervals of equal width. */
  bins: readonly number[];
}

/** Areas above a common ground. Heights grow with the root of the share: a small highlight is seen beside a large ground. */
export function plotDistributions(canvas: HTMLCanvasElement, distributions: readonly Distribution[]): void {
  const on = paper(canvas);
  if (on === null) return;
  const { pen, width, height, ink } = on;
  pen.globalAlpha = 0.2;
  pen.strokeStyle = ink;
  pen.beginPath();
  for (const quarter of [0.25, 0.5, 0.75]) {
    pen.moveTo(Math.round(width * quarter) + 0.5, 0);
    pen.lineTo(Math.round(width * quarter) + 0.5, height);
  }
  pen.stroke();
  const highest = Math.sqrt(Math.max(...distributions.flatMap(({ bins }) => bins), 1e-9));
  for (const { colour, bins } of distributions) {
    const step = width / bins.length;
    const outline = new Path2D();
    outline.moveTo(0, height);
    bins.forEach((share, i) => {
      const y = height - (Math.sqrt(share) / highest) * (height - 4);
      outline.lineTo(i * step, y);
      outline.lineTo((i + 1) * step, y);
    });
    outline.lineTo(width, height);
    pen.fillStyle = pen.strokeStyle = colour || ink;
    pen.globalAlpha = distributions.length > 1 ? 0.22 : 0.35;
    pen.fill(outline);
    pen.globalAlpha = 0.9;
    pen.lineWidth = 1.25;
    pen.stroke(outline);
  }
}

/** The last values as a line from the left, the newest at the right; `best` as a dashed line. All in units of their own, from zero. */
export function plotTrend(canvas: HTMLCanvasElement, values: readonly number[], best: number, colour: string): void {
  const on = paper(canvas);
  if (on === null || !(best > 0)) return;
  const { pen, width, height, ink } = on;
  const y = (value: number) => height - 2 - (value / best) * (height - 6);
  pen.strokeStyle = ink;
  pen.globalAlpha = 0.45;
  pen.setLineDash([4, 4]);
  pen.beginPath();
  pen.moveTo(0, y(best));
  pen.lineTo(width, y(best));
  pen.stroke();
  pen.setLineDash([]);
  pen.globalAlpha = 1;
  pen.strokeStyle = pen.fillStyle = colour;
  pen.lineWidth = 1.75;
  pen.beginPath();
  values.forEach((value, i) => {
    const x = width - 4 - (values.length - 1 - i) * (width / trendLength);
    if (i === 0) pen.moveTo(x, y(value));
    else pen.lineTo(x, y(value));
  });
  pen.stroke();
  const last = values.at(-1);
  if (last === undefined) return;
  pen.beginPath();
  pen.arc(width - 4, y(last), 3, 0, 2 * Math.PI);
  pen.fill();
}

/** How many values a trend has room for. */
export const trendLength = 80;
