import type { DeviceSettings } from '../source.ts';
import type { UsbSettings } from './settings.ts';

/** One control of a Video4Linux device. */
export interface Control {
  value: number;
  min: number | null;
  max: number | null;
  step: number;
}

export type Controls = ReadonlyMap<string, Control>;

/** From what `v4l2-ctl -L` prints. */
export function parseControls(text: string): Controls {
  const controls = new Map<string, Control>();
  for (const [, name, rest] of text.matchAll(/^\s*(\w+) 0x[0-9a-f]+ \(\w+\)\s*: (.*)$/gm)) {
    const number = (key: string) => {
      const found = new RegExp(`\\b${key}=(-?\\d+)`).exec(rest);
      return found === null ? null : Number(found[1]);
    };
    const value = number('value');
    if (value !== null)
      controls.set(name, { value, min: number('min'), max: number('max'), step: number('step') ?? 1 });
  }
  return controls;
}

interface Lockable {
  /** For people. */
  name: string;
  setting: 'exposureUs' | 'gain' | 'whiteBalanceK' | 'focus';
  /** Names of the value, newest kernels' first. */
  value: readonly string[];
  /** What must be switched off before the value can be set: names and the value that means off. */
  off: readonly { names: readonly string[]; to: number }[];
  /** Our unit in the control's. */
  unit: number;
}

/** Names changed with Linux 5.16: new first, old behind. Manual exposure is entry 1 of the menu. */
const lockables: readonly Lockable[] = [
  {
    name: 'exposure',
    setting: 'exposureUs',
    value: ['exposure_time_absolute', 'exposure_absolute'],
    off: [
      { names: ['auto_exposure', 'exposure_auto'], to: 1 },
      { names: ['exposure_dynamic_framerate', 'exposure_auto_priority'], to: 0 },
    ],
    unit: 100,
  },
  {
    name: 'gain',
    setting: 'gain',
    value: ['gain', 'analogue_gain'],
    off: [{ names: ['gain_automatic', 'autogain'], to: 0 }],
    unit: 1,
  },
  {
    name: 'white balance',
    setting: 'whiteBalanceK',
    value: ['white_balance_temperature'],
    off: [{ names: ['white_balance_automatic', 'white_balance_temperature_auto'], to: 0 }],
    unit: 1,
  },
  {
    name: 'focus',
    setting: 'focus',
    value: ['focus_absolute'],
    off: [{ names: ['focus_automatic_continuous', 'focus_auto'], to: 0 }],
    unit: 1,
  },
];

type Wanted = Pick<UsbSettings, Lockable['setting']>;

const present = (names: readonly string[], controls: Controls) => names.find((name) => controls.has(name));

/** Controls to set, in this order: what is automatic off first, for a value is refused while it is on. */
export function lockPlan(wanted: Wanted, controls: Controls): [name: string, value: number][] {
  const off: [string, number][] = [];
  const values: [string, number][] = [];
  for (const lockable of lockables) {
    const value = wanted[lockable.setting];
    const name = present(lockable.value, controls);
    if (value === null || name === undefined) continue;
    for (const { names, to } of lockable.off) {
      const automatic = present(names, controls);
      if (automatic !== undefined) off.push([automatic, to]);
    }
    values.push([name, Math.round(value / lockable.unit)]);
  }
  return [...off, ...values];
}

/** What is not as it was asked for, one sentence each; empty where all is locked. */
export function unlocked(wanted: Wanted, controls: Controls): string[] {
  const found: string[] = [];
  for (const { name, setting, value: names, off, unit } of lockables) {
    const value = wanted[setting];
    if (value === null) continue;
    const control = controls.get(present(names, controls) ?? '');
    if (control === undefined) {
      found.push(`${name} cannot be locked: this camera has no such control`);
      continue;
    }
    const automatic = off.find(({ names: other, to }) => {
      const switched = controls.get(present(other, controls) ?? '');
      return switched !== undefined && switched.value !== to;
    });
    if (automatic !== undefined) found.push(`${name} is not locked: the camera still sets it by itself`);
    else if (Math.abs(control.value * unit - value) > (control.step * unit) / 2) {
      found.push(`${name} is not locked: asked for ${value}, the camera says ${control.value * unit}`);
    }
  }
  return found;
}

/** What the camera says its settings are, in our units and under our names, whichever kernel it runs on. */
export function settingsOf(controls: Controls): DeviceSettings {
  const settings: DeviceSettings = {};
  for (const { setting, value, off, unit } of lockables) {
    const control = controls.get(present(value, controls) ?? '');
    if (control === undefined) continue;
    settings[setting] = control.value * unit;
    const switches = off.flatMap(({ names, to }) => {
      const switched = controls.get(present(names, controls) ?? '');
      return switched === undefined ? [] : [switched.value !== to];
    });
    if (switches.length > 0) settings[`${setting.replace(/(Us|K)$/, '')}Automatic`] = switches.includes(true);
  }
  return settings;
}
