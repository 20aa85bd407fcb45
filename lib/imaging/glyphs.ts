/**
 * Letters as strokes, so that a drawing needs no font on the machine (a Jetson or a container often has none) and no text
 * from outside ever becomes markup. The classic 5x7 dot matrix, one byte a column, lowest bit on top, from space to tilde;
 * neighbouring dots are joined by round strokes.
 */
const columns =
  '0000000000' +
  '00005f0000' +
  '0007000700' +
  '147f147f14' +
  '242a7f2a12' +
  '2313086462' +
  '3649562050' +
  '0000070000' +
  '001c224100' +
  '0041221c00' +
  '2a1c7f1c2a' +
  '08083e0808' +
  '0050300000' +
  '0808080808' +
  '0060600000' +
  '2010080402' +
  '3e5149453e' +
  '00427f4000' +
  '4261514946' +
  '2141454b31' +
  '1814127f10' +
  '2745454539' +
  '3c4a494930' +
  '0171090503' +
  '3649494936' +
  '064949291e' +
  '0036360000' +
  '0056360000' +
  '0008142241' +
  '1414141414' +
  '4122140800' +
  '0201510906' +
  '324979413e' +
  '7e1111117e' +
  '7f49494936' +
  '3e41414122' +
  '7f4141413e' +
  '7f49494941' +
  '7f09090901' +
  '3e41415132' +
  '7f0808087f' +
  '00417f4100' +
  '2040413f01' +
  '7f08142241' +
  '7f40404040' +
  '7f020c027f' +
  '7f0408107f' +
  '3e4141413e' +
  '7f09090906' +
  '3e4151215e' +
  '7f09192946' +
  '4649494931' +
  '01017f0101' +
  '3f4040403f' +
  '1f2040201f' +
  '3f4038403f' +
  '6314081463' +
  '0304780403' +
  '6151494543' +
  '00007f4141' +
  '0204081020' +
  '41417f0000' +
  '0402010204' +
  '4040404040' +
  '0001020400' +
  '2054545478' +
  '7f48444438' +
  '3844444420' +
  '384444487f' +
  '3854545418' +
  '087e090102' +
  '0c5252523e' +
  '7f08040478' +
  '00447d4000' +
  '2040443d00' +
  '007f102844' +
  '00417f4000' +
  '7c04180478' +
  '7c08040478' +
  '3844444438' +
  '7c14141408' +
  '081414187c' +
  '7c08040408' +
  '4854545420' +
  '043f444020' +
  '3c4040207c' +
  '1c2040201c' +
  '3c4030403c' +
  '4428102844' +
  '0c5050503c' +
  '4464544c44' +
  '0008364100' +
  '00007f0000' +
  '0041360800' +
  '0804081008';

const glyphBytes = Buffer.from(columns, 'hex');
/** Columns from one letter to the next. */
const advance = 5.8;

/** The letters that can be drawn: accents fall off, `ß` becomes `ss`, everything else that is not ASCII becomes `?`. */
export function drawable(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replaceAll('ß', 'ss')
    .replace(/[^ -~]/gu, '?');
}

/** Width in pixels of `text` with capitals of `height` pixels. */
export function textWidth(text: string, height: number): number {
  return ((drawable(text).length * advance - (advance - 4)) * height) / 6;
}

/** `text` cut to `width` pixels, with dots where something is missing. */
export function fitted(text: string, height: number, width: number): string {
  const letters = drawable(text);
  if (textWidth(letters, height) <= width) return letters;
  const room = Math.floor(((width * 6) / height + advance - 4) / advance) - 2;
  return room > 0 ? `${letters.slice(0, room)}..` : '';
}

/** SVG path data of `text`: (x, y) is the top left of the first capital, `height` the height of capitals, pixels. Stroke it with round caps. */
export function textPath(text: string, x: number, y: number, height: number): string {
  const unit = height / 6;
  const path: string[] = [];
  [...drawable(text)].forEach((letter, at) => {
    const first = (letter.charCodeAt(0) - 32) * 5;
    const dot = (column: number, row: number) =>
      column >= 0 && column < 5 && row >= 0 && row < 7 && ((glyphBytes[first + column] >> row) & 1) === 1;
    const point = (column: number, row: number) =>
      `${(x + (at * advance + column) * unit).toFixed(1)} ${(y + row * unit).toFixed(1)}`;
    for (let column = 0; column < 5; column++) {
      for (let row = 0; row < 7; row++) {
        if (!dot(column, row)) continue;
        path.push(`M${point(column, row)}h0`);
        const right = dot(column + 1, row);
        const below = dot(column, row + 1);
        if (right) path.push(`M${point(column, row)}L${point(column + 1, row)}`);
        if (below) path.push(`M${point(column, row)}L${point(column, row + 1)}`);
        if (dot(column + 1, row + 1) && !right && !below) {
          path.push(`M${point(column, row)}L${point(column + 1, row + 1)}`);
        }
        if (dot(column - 1, row + 1) && !dot(column - 1, row) && !below) {
          path.push(`M${point(column, row)}L${point(column - 1, row + 1)}`);
        }
      }
    }
  });
  return path.join('');
}
