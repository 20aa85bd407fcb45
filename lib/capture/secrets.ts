const secretName = /pass(word|wd|phrase)?$|secret|token|credential/i;

/** What in a source's settings must never be shown: values of fields named like secrets, and passwords inside URLs. */
export function secretsOf(settings: unknown, name = ''): string[] {
  if (typeof settings === 'string') return secretName.test(name) ? [settings] : passwordOf(settings);
  if (typeof settings !== 'object' || settings === null) return [];
  return Object.entries(settings).flatMap(([key, value]) => secretsOf(value, Array.isArray(settings) ? name : key));
}

function passwordOf(text: string): string[] {
  if (!text.includes('://') || !URL.canParse(text)) return [];
  const { password } = new URL(text);
  if (password === '') return [];
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    return [password];
  }
}
