import type { BeltSlot, BeltView } from '../belt-data.ts';
import type { BeltWords } from './belt-words.ts';
import { s } from './elements.ts';

const cell = 44;
const beltTop = 46;
const beltHeight = 40;

export type SlotLook = 'empty' | 'pending' | 'accepted' | 'rejected' | 'doubtful';

export function lookOf({ occupied, accept, doubtful, settled }: BeltSlot): SlotLook {
  if (doubtful) return 'doubtful';
  if (!occupied) return 'empty';
  if (accept) return 'accepted';
  return settled ? 'rejected' : 'pending';
}

/** Colour is never the only sign. */
const letters: Record<SlotLook, string> = { empty: '', pending: '…', accepted: '✓', rejected: '✕', doubtful: '?' };

/** The hatching that every drawing of a pending slot needs. */
export function hatch(): SVGElement {
  const lines = s('line', { class: 'hatching', x1: 0, y1: 0, x2: 0, y2: 8 });
  const ground = s('rect', { class: 'hatch-ground', width: 8, height: 8 });
  const rotated = { id: 'hatch', width: 8, height: 8, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' };
  return s('defs', {}, s('pattern', rotated, ground, lines));
}

/** The belt from above, left to right: what the PLC's slots say below what lies there. */
export function drawBelt(view: BeltView, words: BeltWords): SVGElement {
  const { layout, slots, parts, phase, gateOpen, totals, inBin } = view;
  const width = (layout.endPosition + 3) * cell;
  const x = (slot: number) => 14 + slot * cell;
  const shapes: SVGElement[] = [hatch()];
  for (let slot = 0; slot < layout.endPosition; slot++) {
    const known = slots.find((one) => one.slot === slot);
    const look = known === undefined ? 'empty' : lookOf(known);
    // tracked slots lie still in the PLC: the belt's way since the last pulse is added, so that parts lie in theirs
    const left = x(slot) + phase * cell;
    shapes.push(s('rect', { class: `slot ${look}`, x: left, y: beltTop, width: cell - 4, height: beltHeight, rx: 4 }));
    const label = known && known.triggerId > 0 ? `${letters[look]} ${known.triggerId}` : letters[look];
    if (label !== '') shapes.push(...plate(left + cell / 2 - 2, beltTop + beltHeight - 5, label));
  }
  for (const { position, defect } of parts) {
    const middle = x(position + 0.5);
    const shape = { class: defect ? 'part defect' : 'part', r: 8, cx: middle, cy: beltTop + 14 };
    shapes.push(s('circle', shape));
    if (defect) shapes.push(s('path', { class: 'gate', d: `M${middle - 4} ${beltTop + 10}l8 8m0-8l-8 8` }));
  }
  const posts: [number, string][] = [
    [0, words.sensor],
    [layout.triggerPosition, words.trigger],
    [layout.checkPosition, words.check],
    [layout.ejectPosition, words.ejector],
  ];
  for (const [slot, name] of posts) {
    shapes.push(s('path', { class: 'post', d: `M${x(slot + 0.5)} ${beltTop - 4}v-14` }));
    shapes.push(s('text', { class: 'soft', x: x(slot + 0.5), y: beltTop - 22 }, name));
  }
  const gateX = x(layout.ejectPosition + 0.5);
  const below = beltTop + beltHeight;
  const gate = `M${gateX} ${below + 2}v16m-5-6l5 6 5-6`;
  shapes.push(s('path', { class: gateOpen ? 'gate open' : 'gate', d: gate }));
  shapes.push(...box(gateX, below + 22, words.rejectBin, String(inBin)));
  shapes.push(...box(x(layout.endPosition) + 1.4 * cell, beltTop, words.goodBox, goodCount(totals)));
  const attributes = { viewBox: `0 0 ${width} 160`, role: 'img', 'aria-label': describe(view, words) };
  return s('svg', attributes, ...shapes);
}

/** A text that stays readable over a hatching. */
function plate(x: number, y: number, label: string): SVGElement[] {
  const width = 6 + 6.5 * label.length;
  return [
    s('rect', { class: 'plate', x: x - width / 2, y: y - 10, width, height: 13, rx: 3 }),
    s('text', { x, y }, label),
  ];
}

function goodCount({ goodBox }: BeltView['totals']): string {
  return String(goodBox.right + goodBox.wrong);
}

function box(middle: number, top: number, name: string, count: string): SVGElement[] {
  const open = `M${middle - 42} ${top}v38h84v-38`;
  return [
    s('path', { class: 'box', d: open }),
    s('text', { class: 'soft', x: middle, y: top + 14 }, name),
    s('text', { x: middle, y: top + 30 }, count),
  ];
}

function describe({ slots, parts }: BeltView, words: BeltWords): string {
  const filled = slots.filter(({ occupied, doubtful }) => occupied || doubtful);
  const told = filled.map((slot) => {
    const look = lookOf(slot);
    return `${slot.slot}: ${look === 'empty' ? '' : words.legend[look]}`;
  });
  return `${words.belt(parts.length)}. ${told.join('; ')}`;
}
