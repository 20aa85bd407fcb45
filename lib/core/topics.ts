/** Where a station is heard of in a unified namespace. */
export interface Topics {
  /** One message for each closed inspection. */
  result: string;
  /** Retained: how the station is, and that it is gone. */
  status: string;
}

export const defaultRoot = 'goodpart';

/** A root may have several levels: the names of the plant above the line. */
export function isTopicRoot(root: string): boolean {
  if (root.length === 0 || root.length > 128 || root.startsWith('$')) return false;
  return root.split('/').every((level) => level !== '' && ![...level].some(isUnsafe));
}

/** `<root>/<line>/<station>/vision/result` and `…/status`; names are encoded, so that each stays one level. */
export function topicsOf(o: { root: string; line: string; station: string }): Topics {
  const place = `${o.root}/${topicLevel(o.line)}/${topicLevel(o.station)}/vision`;
  return { result: `${place}/result`, status: `${place}/status` };
}

/**
 * A user's name as one level of an MQTT topic: `+`, `#`, `/`, `%`, NUL and what else cannot be read become `%XX` of their UTF-8 bytes,
 * everything else stays. Injective, so two names never share a topic.
 */
export function topicLevel(name: string): string {
  return [...name.normalize('NFC')].map((char) => (isUnsafe(char) || char === '%' ? encoded(char) : char)).join('');
}

/** Wildcards, the separator, control characters, surrogates without their other half and non-characters: MQTT 5, section 1.5.4. */
function isUnsafe(char: string): boolean {
  const code = char.codePointAt(0) ?? 0;
  const control = code < 0x20 || (code >= 0x7f && code <= 0x9f);
  const nothing =
    (code >= 0xd800 && code <= 0xdfff) || (code >= 0xfdd0 && code <= 0xfdef) || (code & 0xfffe) === 0xfffe;
  return '+#/'.includes(char) || control || nothing;
}

function encoded(char: string): string {
  const bytes = [...new TextEncoder().encode(char)];
  return bytes.map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}
