import { defineConfig } from '../../lib/node-red/config/config.ts';
import { choice, flag, node, number, path, text, whole } from '../../lib/node-red/config/fields.ts';

const folder = { source: ['folder'] };
const simulator = { source: ['simulator'] };

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
    source: choice(['folder', 'simulator']),
    path: path({ when: folder }),
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
    run: choice(['triggered', 'free', 'collect']),
    intervalMs: whole({ default: 1000, min: 20, max: 3_600_000, unit: 'ms', when: { run: ['free'] } }),
    timeoutMs: whole({ default: 1000, min: 10, max: 600_000, unit: 'ms' }),
  },
  migrations: [
    {
      // Cameras had no view before a station could have several pictures of one part.
      version: 1,
      up: (old) => ({ ...old, view: old.view ?? 'main' }),
    },
  ],
});
