import { invalidParameter } from '../../core/errors.ts';

/**
 * An administrator's pipeline text as arguments of gst-launch-1.0: split at spaces outside of quotes, the quotes kept, for
 * gst-launch reads them itself. No shell ever sees it. Throws GP_CONFIG_INVALID for what is not a pipeline.
 */
export function tokenise(text: string): string[] {
  const refuse = (expected: string) => invalidParameter('source.pipeline', expected, text, 'GP_CONFIG_INVALID');
  const tokens: string[] = [];
  let token = '';
  let quote = '';
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '\\') token += char + (text[++i] ?? '');
    else if (quote !== '') {
      token += char;
      if (char === quote) quote = '';
    } else if (/\s/.test(char)) {
      if (token !== '') tokens.push(token);
      token = '';
    } else {
      token += char;
      if (char === '"' || char === "'") quote = char;
    }
  }
  if (quote !== '') throw refuse('a pipeline with every quote closed');
  if (token !== '') tokens.push(token);
  if (tokens.includes('\0') || text.includes('\0')) throw refuse('a pipeline without NUL characters');
  const option = tokens.find((word) => word.startsWith('-'));
  if (option !== undefined) throw refuse(`elements only, no option of gst-launch-1.0 such as ${option.slice(0, 20)}`);
  if (tokens.length === 0 || tokens[0] === '!') throw refuse('a pipeline that begins with an element');
  if (tokens.at(-1) === '!') tokens.pop();
  const sink = tokens.find((word, i) => /^\w*sink$/.test(word) && (i === 0 || tokens[i - 1] === '!'));
  if (sink !== undefined) throw refuse(`a pipeline without a sink (${sink}): where it goes is added`);
  return tokens;
}

/** The names of the elements that a pipeline consists of, in its order. */
export function elementsOf(tokens: readonly string[]): string[] {
  return tokens.filter((token, i) => (i === 0 || tokens[i - 1] === '!') && /^[A-Za-z][\w-]*$/.test(token));
}

/** Element to the properties that are set on it. */
export function propertiesOf(tokens: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  let element = '';
  for (const [i, token] of tokens.entries()) {
    if (token === '!') element = '';
    else if (i === 0 || tokens[i - 1] === '!') {
      element = /^[A-Za-z][\w-]*$/.test(token) ? token : '';
      if (element !== '' && !found.has(element)) found.set(element, []);
    } else if (element !== '') {
      const property = /^([a-z][\w-]*)=/.exec(token)?.[1];
      const known = found.get(element);
      if (property !== undefined && !known?.includes(property)) known?.push(property);
    }
  }
  return found;
}
