import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { DeviceSettings } from '../source.ts';
import type { UsbSettings } from './settings.ts';
import { type Controls, lockPlan, parseControls, settingsOf, unlocked } from './v4l2-controls.ts';

const run = promisify(execFile);
const timeout = 2_000;

export interface Locked {
  /** As read back from the camera. */
  settings: DeviceSettings;
  /** What could not be locked; empty where all that was asked for is. */
  warnings: string[];
}

const list = async (device: string): Promise<Controls> =>
  parseControls((await run('v4l2-ctl', ['-d', device, '-L'], { timeout })).stdout);

const wantsAny = ({ exposureUs, gain, whiteBalanceK, focus }: UsbSettings) =>
  [exposureUs, gain, whiteBalanceK, focus].some((value) => value !== null);

/** Sets what is to be locked, one control after the other, and reads everything back. Never throws: what failed is a warning. */
export async function lock(settings: UsbSettings): Promise<Locked> {
  const refused: string[] = [];
  try {
    for (const [name, value] of lockPlan(settings, await list(settings.device))) {
      await run('v4l2-ctl', ['-d', settings.device, '--set-ctrl', `${name}=${value}`], { timeout }).catch((thrown) => {
        refused.push(`${name}=${value} was refused (${said(thrown)})`);
      });
    }
    const { settings: found, warnings } = await check(settings);
    return { settings: found, warnings: warnings.length > 0 ? [...warnings, ...refused] : [] };
  } catch (thrown) {
    return unreadable(settings, thrown);
  }
}

/** Reads back. Never throws. */
export async function check(settings: UsbSettings): Promise<Locked> {
  try {
    const controls = await list(settings.device);
    return { settings: settingsOf(controls), warnings: unlocked(settings, controls) };
  } catch (thrown) {
    return unreadable(settings, thrown);
  }
}

function unreadable(settings: UsbSettings, thrown: unknown): Locked {
  if (!wantsAny(settings)) return { settings: {}, warnings: [] };
  const missing = (thrown as NodeJS.ErrnoException).code === 'ENOENT';
  const why = missing ? 'v4l2-ctl is missing: sudo apt install v4l-utils' : said(thrown);
  return { settings: {}, warnings: [`exposure, gain, white balance and focus cannot be locked: ${why}`] };
}

function said(thrown: unknown): string {
  const { stderr, message } = thrown as { stderr?: string; message?: string };
  return (stderr || message || String(thrown)).trim().split('\n')[0].slice(0, 150);
}
