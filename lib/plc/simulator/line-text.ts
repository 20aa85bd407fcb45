import type { LineTotals } from './part-book.ts';
import type { LineState, ShownSlot } from './simulator.ts';

/** One letter for a slot: empty, REJECT while its answer is open, accepted, rejected, unsure what lies there. */
export function slotLetter({ occupied, accept, doubtful, settled }: ShownSlot): string {
  if (doubtful) return '?';
  if (!occupied) return '.';
  if (accept) return 'A';
  return settled ? 'R' : 'p';
}

const standingWords = {
  'switched off': 'switched off',
  'cycle stalls': 'the PLC’s program stands still (simulated)',
  restarted: 'the PLC was restarted and waits: clear the belt behind the ejector, then reset',
} as const;

/** The belt as four lines of text. */
export function lineText(state: LineState): string {
  const { slots, layout, link, station, plc, totals, stands, gateOpen, faults } = state;
  const tail = Array.from({ length: layout.endPosition - layout.ejectPosition - 1 }, (_, n) => {
    const slot = layout.ejectPosition + 1 + n;
    return state.parts.some((part) => part.slot === slot) ? 'o' : '.';
  });
  const belt = slots.map((slot) => {
    const letter = slotLetter(slot);
    if (slot.slot === layout.triggerPosition) return `[${letter}]`;
    return slot.slot === layout.ejectPosition ? (gateOpen ? `>${letter}<` : `|${letter}|`) : letter;
  });
  const { ready, busy, heartbeat, bootId, acceptedTrigger, lastResult } = station;
  const result =
    lastResult === null ? 'no result' : `result ${lastResult.triggerId}: ${lastResult.accept ? 'Accept' : 'no Accept'}`;
  const words = [
    ready ? 'Ready' : 'not ready',
    ...(busy ? ['Busy'] : []),
    `AcceptedTrigger ${acceptedTrigger}`,
    result,
    `heartbeat ${heartbeat}`,
    `BootId ${bootId}`,
  ];
  return [
    `${state.moving ? 'runs ' : 'stands'} ${belt.join('')}${tail.join('')}  ${link.connected ? words.join(', ') : link.text}`,
    ...(stands === null || stands === 'fault' ? [] : [`       ${standingWords[stands]}`]),
    ...plc.faults.map(({ code, en }) => `       ${code} ${en}`),
    ...(faults.length === 0 ? [] : [`       simulated: ${faults.join(', ')}`]),
    `       ${totalsText(totals)}`,
  ].join('\n');
}

export function totalsText(totals: LineTotals): string {
  const { entered, goodBox, rejectBin, byHand, onBelt, lost, notTriggered, refused } = totals;
  const parts = [
    `${entered} parts`,
    `good box ${goodBox.right + goodBox.wrong} (${goodBox.wrong} wrong)`,
    `reject bin ${rejectBin.right + rejectBin.wrong} (${rejectBin.wrong} accepted ones)`,
    ...(byHand > 0 ? [`${byHand} taken off by hand`] : []),
    ...(notTriggered + refused > 0 ? [`${notTriggered + refused} not inspected`] : []),
    ...(lost > 0 ? [`${lost} lost`] : []),
    `${onBelt} on the belt`,
  ];
  return parts.join(', ');
}
