import { resolve } from 'node:path';
import type { SourceSettingsInput } from '../../lib/capture/settings.ts';
import type { ValuesOf } from '../../lib/node-red/config/config.ts';
import type { config } from './config.ts';
import { genicamSettings } from './genicam-settings.ts';

/** From the dialog's fields to the settings of the chosen source. To add a source: one case here, its fields in config.ts. */
export function sourceSettings(values: ValuesOf<typeof config>): SourceSettingsInput {
  switch (values.source) {
    case 'folder': {
      const { path, order, seed, loop, recursive } = values;
      return { kind: 'folder', path: path && resolve(path), order, seed, loop, recursive };
    }
    case 'simulator': {
      const { simWidth: width, simHeight: height, seed, defectRate, encoding } = values;
      const delivery = values.run === 'line' ? ('line' as const) : values.simDelivery;
      const pace = delivery === 'on-demand' ? {} : { delivery, periodMs: values.simPeriodMs };
      return { kind: 'simulator', width, height, seed, defectRate, encoding, ...pace };
    }
    case 'genicam':
      return genicamSettings(values);
  }
}
