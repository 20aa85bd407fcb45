import { type Block, variable } from './block.ts';

/** The reference's `arithmetic.ts`, word for word. */
export const arithmeticFunctions: Block[] = [
  {
    kind: 'FUNCTION',
    name: 'FC_GoodpartElapsed',
    comment: ['Milliseconds from SinceMs to NowMs, both 0..2147483647, over the wrap of the counter.'],
    returns: 'UDINT',
    inputs: [variable('NowMs', 'UDINT'), variable('SinceMs', 'UDINT')],
    body: `IF NowMs >= SinceMs THEN
  FC_GoodpartElapsed := NowMs - SinceMs;
ELSE
  FC_GoodpartElapsed := UDINT#2147483648 - SinceMs + NowMs;
END_IF;`,
  },
  {
    kind: 'FUNCTION',
    name: 'FC_GoodpartNext',
    comment: ['The number after this one on the circle 1..65535; after 0 (none yet) comes 1.'],
    returns: 'UINT',
    inputs: [variable('Number', 'UINT')],
    body: `IF Number >= 65535 THEN
  FC_GoodpartNext := 1;
ELSE
  FC_GoodpartNext := Number + 1;
END_IF;`,
  },
  {
    kind: 'FUNCTION',
    name: 'FC_GoodpartAhead',
    comment: ['Steps from one number to another on the circle 1..65535.'],
    returns: 'UINT',
    inputs: [variable('FromNumber', 'UINT'), variable('ToNumber', 'UINT')],
    body: `IF ToNumber >= FromNumber THEN
  FC_GoodpartAhead := ToNumber - FromNumber;
ELSE
  FC_GoodpartAhead := 65535 - FromNumber + ToNumber;
END_IF;`,
  },
  {
    kind: 'FUNCTION',
    name: 'FC_GoodpartLater',
    comment: ['Which of two numbers of the circle was given out later; 0 is none.'],
    returns: 'UINT',
    inputs: [variable('NumberA', 'UINT'), variable('NumberB', 'UINT')],
    body: `IF NumberA = 0 THEN
  FC_GoodpartLater := NumberB;
ELSIF NumberB = 0 THEN
  FC_GoodpartLater := NumberA;
ELSIF FC_GoodpartAhead(FromNumber := NumberA, ToNumber := NumberB) < 32768 THEN
  FC_GoodpartLater := NumberB;
ELSE
  FC_GoodpartLater := NumberA;
END_IF;`,
  },
  {
    kind: 'FUNCTION',
    name: 'FC_GoodpartReached',
    comment: ['TRUE where a version counter 0..65535 has come to Wanted or beyond.'],
    returns: 'BOOL',
    inputs: [variable('Version', 'UINT'), variable('Wanted', 'UINT')],
    temps: [variable('Steps', 'UDINT')],
    body: `Steps := (UINT_TO_UDINT(Version) + 65536 - UINT_TO_UDINT(Wanted)) MOD 65536;
FC_GoodpartReached := Steps < 32768;`,
  },
];
