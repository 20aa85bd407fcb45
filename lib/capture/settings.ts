import { createHash } from 'node:crypto';
import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { invalidParameter } from '../core/errors.ts';
import { genicamOptics, genicamSettingsSchema } from './genicam/settings.ts';
import { gstreamerSettingsSchema, opticalSettings, withoutSecrets } from './gstreamer/settings.ts';
import { httpSettingsSchema } from './http/settings.ts';
import { watchSettingsSchema } from './watch/settings.ts';

/** Pictures from a folder, one file per capture. */
export const folderSettingsSchema = z.strictObject({
  kind: z.literal('folder'),
  path: z.string().min(1).refine(isAbsolute, 'must be an absolute path'),
  /** File names with `*` and `?`; empty takes every known picture format. */
  pattern: z.string().max(200).default(''),
  order: z.enum(['name', 'shuffle']).default('name'),
  /** For `shuffle`: the same seed gives the same order. */
  seed: z.int().min(0).max(0xffffffff).default(1),
  loop: z.boolean().default(true),
  recursive: z.boolean().default(false),
});

/** A line that draws machined parts, some with a defect. */
export const simulatorSettingsSchema = z.strictObject({
  kind: z.literal('simulator'),
  width: z.int().min(64).max(4096).default(640),
  height: z.int().min(64).max(4096).default(480),
  seed: z.int().min(0).max(0xffffffff).default(1),
  /** Share of parts with a defect, 0..1. */
  defectRate: z.number().min(0).max(1).default(0.1),
  encoding: z.enum(['raw', 'jpeg']).default('raw'),
  /** Whether it draws when asked, all the time, or as a part passes the light barrier. */
  delivery: z.enum(['on-demand', 'flow', 'line']).default('on-demand'),
  /** Milliseconds between parts for `flow` and `line`. */
  periodMs: z.number().min(5).max(3_600_000).default(1000),
  /** For `line`: share of parts whose pulse the camera does not see, 0..1. */
  missRate: z.number().min(0).max(1).default(0),
  /** For `flow` and `line`: share of frames that are exposed and lost on their way, 0..1. */
  lossRate: z.number().min(0).max(1).default(0),
});

export const sourceSettingsSchema = z.discriminatedUnion('kind', [
  folderSettingsSchema,
  simulatorSettingsSchema,
  genicamSettingsSchema,
  watchSettingsSchema,
  httpSettingsSchema,
  gstreamerSettingsSchema,
]);

export type FolderSettings = z.infer<typeof folderSettingsSchema>;
export type SimulatorSettings = z.infer<typeof simulatorSettingsSchema>;
export type SourceSettings = z.infer<typeof sourceSettingsSchema>;
/** As configured: what has a default may be left out. */
export type SourceSettingsInput = z.input<typeof sourceSettingsSchema>;

/** Checks settings and fills in defaults. Throws GP_CONFIG_INVALID with the field, what was expected and what came. */
export function parseSourceSettings(value: unknown): SourceSettings {
  const parsed = sourceSettingsSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const received = issue.path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[key] : undefined),
    value,
  );
  const shown = issue.path.includes('credentials')
    ? 'a secret that is not shown'
    : typeof received === 'string'
      ? withoutSecrets(received)
      : received;
  throw invalidParameter(`source.${issue.path.join('.')}`, issue.message, shown, 'GP_CONFIG_INVALID');
}

/**
 * sha256 of the settings that a picture's look depends on, for the validation fingerprint. Which folder a picture lies
 * in or which part the simulator draws next does not change how it looks.
 */
export function settingsHash(settings: SourceSettings): string {
  return hashOf(optics(settings));
}

/** As `settingsHash`, for pictures that are pushed: what takes them knows nothing of its settings. */
export const pushedSettingsHash = hashOf({ kind: 'push' });

function hashOf(optical: Record<string, unknown>): string {
  return createHash('sha256').update(JSON.stringify(optical)).digest('hex');
}

function optics(settings: SourceSettings): Record<string, unknown> {
  switch (settings.kind) {
    case 'folder':
    case 'watch':
      return { kind: settings.kind };
    case 'simulator':
      return { kind: settings.kind, width: settings.width, height: settings.height, encoding: settings.encoding };
    case 'genicam':
      return genicamOptics(settings);
    case 'http': // cameras take size, compression and profile in the address
      return { kind: settings.kind, url: settings.url, method: settings.method };
    case 'gstreamer':
      return opticalSettings(settings);
  }
}
