import { defineConfig } from '../../lib/node-red/config/config.ts';
import { choice, flag, node, number, path, text, whole } from '../../lib/node-red/config/fields.ts';
import { genicamFields } from './genicam-fields.ts';
import { gstreamerFields } from './gstreamer-fields.ts';

const folder = { source: ['folder'] };
const simulator = { source: ['simulator'] };
const watch = { source: ['watch'] };
const http = { source: ['http'] };
const sources = ['folder', 'simulator', 'genicam', 'gstreamer', 'watch', 'http', 'push'] as const;
/** All but those to which pictures are pushed. */
const exposing = { source: sources.filter((source) => source !== 'push') };
const line = { run: ['line'] };
const pulse = { ...line, announced: ['true'] };

export const config = defineConfig({
  type: 'goodpart-camera',
  category: 'goodpart',
  paletteLabel: 'camera',
  color: '#A9C6DB',
  inputs: 1,
  outputs: 1,
  fields: {
    station: node('goodpart-station'),
    view: text({ default: 'main', required: true }),
    source: choice(sources),
    path: path({ when: { source: ['folder', 'watch'] } }),
    order: choice(['name', 'shuffle'], { when: folder }),
    loop: flag(true, { when: folder }),
    recursive: flag(true, { when: folder }),
    simWidth: whole({ default: 640, min: 64, max: 4096, unit: 'px', when: simulator }),
    simHeight: whole({ default: 480, min: 64, max: 4096, unit: 'px', when: simulator }),
    /** The same seed gives the same pictures, or the same shuffled order. */
    seed: whole({ default: 1, min: 0, max: 4_294_967_295, when: [simulator, { ...folder, order: ['shuffle'] }] }),
    /** Share of parts with a defect. */
    defectRate: number({ default: 0.1, min: 0, max: 1, when: simulator }),
    encoding: choice(['jpeg', 'raw'], { when: simulator }),
    /** Whether it draws when asked or all the time; with `run` line as a part passes. */
    simDelivery: choice(['on-demand', 'flow'], { when: { ...simulator, run: ['triggered', 'free', 'collect'] } }),
    simPeriodMs: whole({ default: 1000, min: 5, max: 3_600_000, unit: 'ms', when: simulator }),
    ...genicamFields,
    ...gstreamerFields,
    /** File names with `*` and `?`; empty takes every known picture format. */
    pattern: text({ max: 200, when: watch }),
    fileOrder: choice(['arrival', 'name'], { when: watch }),
    afterwards: choice(['keep', 'move', 'delete'], { when: watch }),
    settleMs: whole({ default: 100, min: 0, max: 60_000, unit: 'ms', when: watch }),
    delayMs: whole({ default: 1000, min: 0, max: 600_000, unit: 'ms', when: watch }),
    url: text({ max: 2000, required: true, when: http }),
    method: choice(['GET', 'POST'], { when: http }),
    auth: choice(['none', 'basic', 'digest', 'bearer'], { when: http }),
    answersStored: flag(false, { when: http }),
    selfSigned: flag(false, { when: http }),
    run: choice(['triggered', 'free', 'line', 'collect']),
    announced: flag(true, { when: line }),
    pulseEarliestMs: whole({ default: 0, min: 0, max: 600_000, unit: 'ms', when: pulse }),
    pulseLatestMs: whole({ default: 500, min: 1, max: 600_000, unit: 'ms', when: pulse }),
    intervalMs: whole({ default: 1000, min: 20, max: 3_600_000, unit: 'ms', when: { run: ['free'] } }),
    timeoutMs: whole({ default: 1000, min: 10, max: 600_000, unit: 'ms', when: exposing }),
    /** Older pictures are not used; 0 = any age. */
    maxAgeMs: whole({ default: 0, min: 0, max: 3_600_000, unit: 'ms', when: exposing }),
  },
  /** Of an http camera's login, and of a network camera's. */
  credentials: { user: 'text', password: 'password', token: 'password', rtspUser: 'text', rtspPassword: 'password' },
  checks: [
    {
      field: 'run',
      expected: 'for each trigger, or only when asked, where pictures are pushed',
      holds: ({ source, run }) => source !== 'push' || run === 'triggered' || run === 'collect',
    },
    {
      field: 'pulseLatestMs',
      expected: 'a time after the earliest pulse',
      holds: ({ run, announced, pulseEarliestMs, pulseLatestMs }) =>
        run !== 'line' || !announced || pulseLatestMs > pulseEarliestMs,
    },
  ],
  migrations: [
    {
      // Cameras had no view before a station could have several pictures of one part.
      version: 1,
      up: (old) => ({ ...old, view: old.view ?? 'main' }),
    },
  ],
});
