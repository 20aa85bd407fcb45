/** Takes secrets out of a text. `unfinished`: the text may end in the middle of one. */
export type Redact = (text: string, unfinished?: boolean) => string;

const mask = '***';
/**
 * Up to the last @ before a space or quote: a password may hold @ and / where nobody encoded it. Bounded, because a flood
 * of text goes through here.
 */
const userInfo = /([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s"'<>]{0,300}@/gi;
const unfinishedUserInfo = /([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s"'<>@/]{0,300}:[^\s"'<>@]{0,300}$/i;
/** Shorter secrets are masked only where they stand alone: else every "a" of a text would go. */
const shortest = 4;

/**
 * For texts that leave a child or a tool: user and password of every URL, and the given secrets, as they are and as they
 * are written in a URL, become `***`.
 */
export function redactor(secrets: readonly string[] = []): Redact {
  const written = secrets.filter((secret) => secret !== '').flatMap((secret) => [secret, encodeURIComponent(secret)]);
  const all = [...new Set(written)].sort((a, b) => b.length - a.length);
  const alone = all
    .filter((secret) => secret.length < shortest)
    .map((secret) => new RegExp(`(?<![\\p{L}\\p{N}])${escaped(secret)}(?![\\p{L}\\p{N}])`, 'gu'));
  const long = all.filter((secret) => secret.length >= shortest);
  return (text, unfinished = false) => {
    const hasUrl = text.includes('://');
    let safe = hasUrl ? text.replace(userInfo, `$1${mask}@`) : text;
    for (const secret of long) safe = safe.replaceAll(secret, mask);
    for (const pattern of alone) safe = safe.replace(pattern, mask);
    if (!unfinished) return safe;
    if (hasUrl) safe = safe.replace(unfinishedUserInfo, `$1${mask}`);
    for (const secret of long) safe = withoutBeginning(safe, secret);
    return safe;
  };
}

/** Without configured secrets: URLs only. */
export const redactUrls: Redact = redactor();

function withoutBeginning(text: string, secret: string): string {
  for (let length = secret.length - 1; length >= shortest - 1; length--) {
    if (text.endsWith(secret.slice(0, length))) return text.slice(0, -length) + mask;
  }
  return text;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}
