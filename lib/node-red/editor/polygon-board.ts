import type { Polygon } from '../../core/inspection.ts';

export interface Outline {
  polygon: Polygon;
  label: string;
  dashed: boolean;
}

type Corner = [number, number];

const width = 800;
const closeWithin = 14;
const svgNamespace = 'http://www.w3.org/2000/svg';

function svg(tag: string, attributes: Record<string, string | number>): SVGElement {
  const element = document.createElementNS(svgNamespace, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}

const clamp = (value: number) => Math.round(Math.min(1, Math.max(0, value)) * 10_000) / 10_000;

/**
 * Polygons over a picture, in 0..1 coordinates. The selected outline can be edited: with fewer than three corners it is
 * being drawn (clicks add corners, a click on the first one or a double click closes it), afterwards its corners are dragged.
 */
export class PolygonBoard {
  readonly #board: SVGElement;
  readonly #onChange: (index: number, polygon: Polygon) => void;
  readonly #onSelect: (index: number) => void;
  #outlines: Outline[] = [];
  #selected = -1;
  #height = 600;
  /** The corners set so far; null while nothing is being drawn. */
  #draft: Corner[] | null = null;
  #dragged = -1;
  #picture = '';

  constructor(place: JQuery, on: { change(index: number, polygon: Polygon): void; select(index: number): void }) {
    this.#onChange = on.change;
    this.#onSelect = on.select;
    this.#board = svg('svg', { class: 'goodpart-board', tabindex: 0, role: 'application' });
    place.append(this.#board as unknown as HTMLElement);
    this.#board.addEventListener('pointerdown', (event) => this.#press(event));
    this.#board.addEventListener('pointermove', (event) => this.#move(event));
    this.#board.addEventListener('pointerup', () => this.#release());
    this.#board.addEventListener('pointercancel', () => this.#release());
    this.#board.addEventListener('dblclick', () => this.#close());
    this.#board.addEventListener('contextmenu', (event) => this.#remove(event));
    this.#board.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') this.#close();
    });
  }

  /** Shows these outlines; an outline with fewer than three corners is drawn anew when selected. */
  show(outlines: Outline[], selected: number): void {
    if (selected !== this.#selected) this.#draft = null;
    this.#outlines = outlines;
    this.#selected = selected;
    const current = outlines[selected]?.polygon;
    if (current && current.length < 3) this.#draft ??= [];
    else this.#draft = null;
    this.#paint();
  }

  setPicture(url: string, size: { width: number; height: number }): void {
    this.#picture = url;
    this.#height = Math.round((width * size.height) / size.width);
    this.#paint();
  }

  #at(event: MouseEvent): Corner {
    const box = this.#board.getBoundingClientRect();
    return [clamp((event.clientX - box.left) / box.width), clamp((event.clientY - box.top) / box.height)];
  }

  #near(a: Corner, b: Corner): boolean {
    return Math.hypot((a[0] - b[0]) * width, (a[1] - b[1]) * this.#height) <= closeWithin;
  }

  #cornerAt(point: Corner): number {
    return this.#outlines[this.#selected]?.polygon.findIndex((corner) => this.#near(corner, point)) ?? -1;
  }

  #press(event: PointerEvent): void {
    if (event.button !== 0) return;
    const point = this.#at(event);
    if (this.#draft !== null) {
      if (this.#draft.length >= 3 && this.#near(this.#draft[0], point)) this.#close();
      // the second press of a double click sets no second corner on the first one
      else if (!this.#draft.some((corner) => this.#near(corner, point))) this.#draft.push(point);
      this.#paint();
      return;
    }
    this.#dragged = this.#cornerAt(point);
    if (this.#dragged >= 0) {
      this.#board.setPointerCapture(event.pointerId);
      return;
    }
    const hit = (event.target as Element).getAttribute('data-outline');
    if (hit !== null && Number(hit) !== this.#selected) this.#onSelect(Number(hit));
  }

  #move(event: PointerEvent): void {
    if (this.#dragged < 0) return;
    this.#outlines[this.#selected].polygon[this.#dragged] = this.#at(event);
    this.#paint();
  }

  #release(): void {
    if (this.#dragged < 0) return;
    this.#dragged = -1;
    this.#onChange(this.#selected, this.#outlines[this.#selected].polygon);
  }

  #close(): void {
    const corners = this.#draft;
    if (corners === null || corners.length < 3) return;
    this.#draft = null;
    this.#onChange(this.#selected, corners);
  }

  #remove(event: MouseEvent): void {
    event.preventDefault();
    const outline = this.#outlines[this.#selected];
    const corner = this.#cornerAt(this.#at(event));
    if (this.#draft !== null) {
      this.#draft.pop();
      this.#paint();
    } else if (outline && corner >= 0 && outline.polygon.length > 3) {
      this.#onChange(
        this.#selected,
        outline.polygon.filter((_, i) => i !== corner),
      );
    }
  }

  #paint(): void {
    const scale = ([x, y]: Corner) => `${x * width},${y * this.#height}`;
    this.#board.setAttribute('viewBox', `0 0 ${width} ${this.#height}`);
    this.#board.replaceChildren();
    if (this.#picture) {
      this.#board.append(svg('image', { href: this.#picture, width, height: this.#height }));
    }
    this.#outlines.forEach((outline, i) => {
      const selected = i === this.#selected;
      const corners = selected && this.#draft !== null ? this.#draft : outline.polygon;
      if (corners.length === 0) return;
      const open = selected && this.#draft !== null;
      const shape = svg(open ? 'polyline' : 'polygon', {
        points: corners.map(scale).join(' '),
        'data-outline': i,
        class: [selected && 'is-selected', outline.dashed && 'is-ignored', open && 'is-open'].filter(Boolean).join(' '),
      });
      this.#board.append(shape);
      if (selected) {
        for (const [x, y] of corners) this.#board.append(svg('circle', { cx: x * width, cy: y * this.#height, r: 7 }));
      }
      const [x, y] = corners.reduce((top, corner) => (corner[1] < top[1] ? corner : top));
      const text = svg('text', { x: x * width + 10, y: Math.max(22, y * this.#height - 10) });
      text.textContent = outline.label;
      this.#board.append(text);
    });
  }
}
