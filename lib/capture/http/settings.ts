import { z } from 'zod';

const web = /^https?:\/\//i;

function isWebAddress(text: string): boolean {
  if (!web.test(text) || !URL.canParse(text)) return false;
  const { username, password, hostname } = new URL(text);
  return username === '' && password === '' && hostname !== '';
}

/** Who asks the camera; from Node-RED's credentials. */
const credentialsSchema = z.discriminatedUnion('scheme', [
  z.strictObject({ scheme: z.literal('none') }),
  z.strictObject({ scheme: z.enum(['basic', 'digest']), user: z.string().min(1), password: z.string() }),
  z.strictObject({ scheme: z.literal('bearer'), token: z.string().regex(/^[\x21-\x7e]{1,4096}$/, 'expected a token') }),
]);

/** A picture from a camera's snapshot address, one request per capture. */
export const httpSettingsSchema = z.strictObject({
  kind: z.literal('http'),
  url: z
    .string()
    .max(2000)
    .refine(
      isWebAddress,
      'expected an http or https address without user and password (they belong to the credentials)',
    ),
  method: z.enum(['GET', 'POST']).default('GET'),
  credentials: credentialsSchema.default({ scheme: 'none' }),
  /** From the request to the last byte of the answer. */
  timeoutMs: z.number().min(10).max(600_000).default(5_000),
  maxBytes: z
    .int()
    .min(1024)
    .max(64 * 1024 * 1024)
    .default(64 * 1024 * 1024),
  /** Such a camera answers with the picture that the request before made it take: two requests, and the second answer counts. */
  answersStored: z.boolean().default(false),
  /** Its certificate is not checked: whoever is between us and the camera can exchange its pictures. */
  selfSigned: z.boolean().default(false),
});

export type HttpSettings = z.infer<typeof httpSettingsSchema>;
export type HttpCredentials = HttpSettings['credentials'];
