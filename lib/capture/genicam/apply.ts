import { GoodpartError, invalidParameter } from '../../core/errors.ts';
import type { DeviceSettings } from '../source.ts';
import type { GenicamDevice } from './device.ts';
import { chooseFormat, requireReadable } from './pixels.ts';
import type { GenicamSettings } from './settings.ts';

/** What could not be done although pictures will come, each a short sentence. */
export type Notes = string[];

/** Automatics that would make two pictures of the same part differ. */
const automatics = ['ExposureAuto', 'GainAuto', 'BalanceWhiteAuto'];

/**
 * Sets the camera up while it takes no pictures: automatics off first, then values. Rejects with the `field` where
 * something configured cannot be; what the camera merely does not have comes back as notes, and is not guessed.
 */
export async function applySettings(device: GenicamDevice, settings: GenicamSettings): Promise<Notes> {
  const notes: Notes = [];
  await loadUserSet(device, settings.userSet);
  await device.ask('arv_camera_clear_triggers').catch(() => notes.push('its triggers cannot be switched off'));
  const colour = await choosePixels(device, settings.pixelFormat);
  await setRegion(device, settings.region);
  await switchOff(device, notes, colour);
  await setExposure(device, settings.exposure);
  await setWhite(device, settings.white);
  if (await device.has('AcquisitionMode')) await device.set('AcquisitionMode', 'Continuous');
  await setNetwork(device, settings, notes);
  await setTrigger(device, settings);
  return notes;
}

/** What the camera says of itself now. */
export async function readSettings(device: GenicamDevice): Promise<DeviceSettings> {
  const read: DeviceSettings = {};
  if (await device.ask('arv_camera_is_exposure_time_available')) {
    read.exposureUs = rounded((await device.ask('arv_camera_get_exposure_time')) as number);
  }
  if (await device.ask('arv_camera_is_gain_available')) {
    read.gain = rounded((await device.ask('arv_camera_get_gain')) as number);
  }
  for (const feature of [...automatics, 'PixelFormat', 'TriggerMode', 'TriggerSource', 'TriggerActivation']) {
    if (await device.has(feature)) read[feature[0].toLowerCase() + feature.slice(1)] = await device.string(feature);
  }
  if (await device.has('BalanceRatioSelector')) {
    for (const colour of ['Red', 'Blue'] as const) {
      if (!(await device.choices('BalanceRatioSelector')).includes(colour)) continue;
      await device.set('BalanceRatioSelector', colour);
      read[`white${colour}`] = rounded(await device.float('BalanceRatio'));
    }
  }
  const [x, y, width, height]: [number][] = [[0], [0], [0], [0]];
  await device.ask('arv_camera_get_region', [x, y, width, height]);
  Object.assign(read, { x: x[0], y: y[0], width: width[0], height: height[0] });
  if (read.triggerMode !== 'On') {
    const rate = await device.ask('arv_camera_get_frame_rate').catch(() => undefined);
    if (typeof rate === 'number' && rate > 0) read.frameRate = rounded(rate);
  }
  if (device.isGigE) read.packetSize = Number(await device.ask('arv_camera_gv_get_packet_size'));
  return read;
}

/** What the camera has although something else was asked for: a camera may round, but no further than to its next step. */
export function deviations(settings: GenicamSettings, read: DeviceSettings): Notes {
  const notes: Notes = [];
  const differs = (what: string, asked: number, has: unknown, least: number) => {
    if (typeof has !== 'number' || Math.abs(has - asked) <= Math.max(Math.abs(asked) * 0.02, least)) return;
    notes.push(`${what} is ${has} although ${asked} was set`);
  };
  if (settings.exposure.mode === 'set') {
    differs('exposure', settings.exposure.timeUs, read.exposureUs, 50);
    differs('gain', settings.exposure.gain, read.gain, 0.2);
  }
  if (settings.white.mode === 'set') {
    differs('red', settings.white.red, read.whiteRed, 0.02);
    differs('blue', settings.white.blue, read.whiteBlue, 0.02);
  }
  for (const feature of ['exposureAuto', 'gainAuto', 'balanceWhiteAuto']) {
    if (feature in read && read[feature] !== 'Off')
      notes.push(`${feature} is ${read[feature]}: pictures are not fixed`);
  }
  return notes;
}

/**
 * Milliseconds that readout and the way to the first packet take at most. Free-running that is one picture's time, which no
 * readout exceeds; triggered, one picture at the camera's highest rate, which some cameras state too high.
 */
export async function readoutBound(device: GenicamDevice, trigger: GenicamSettings['trigger']): Promise<number> {
  const [least, most]: [number][] = [[0], [0]];
  const highest = device.ask('arv_camera_get_frame_rate_bounds', [least, most]).then(
    () => most[0],
    () => 0,
  );
  const now = device.ask('arv_camera_get_frame_rate').then(Number, () => 0);
  const rates = trigger === 'free' ? [await now, await highest] : [await highest, await now];
  const rate = rates.find((one) => one > 0.01 && one < 10_000);
  return rate === undefined ? 100 : 1_000 / rate;
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** The camera has no such thing at all, which is another matter than a wrong value. */
function absent(field: string, expected: string, received: unknown): GoodpartError {
  return invalidParameter(field, expected, received, 'GP_SOURCE_FAILED');
}

async function loadUserSet(device: GenicamDevice, name: string): Promise<void> {
  if (name === '') return;
  if (!(await device.has('UserSetSelector')))
    throw absent('userSet', 'nothing, as this camera has no user sets,', name);
  const offered = await device.choices('UserSetSelector');
  if (!offered.includes(name)) throw absent('userSet', `one of ${offered.join(', ')}`, name);
  await device.set('UserSetSelector', name);
  await device.ask('arv_camera_execute_command', ['UserSetLoad']);
}

/** True for a camera that sees colours. */
async function choosePixels(device: GenicamDevice, wanted: GenicamSettings['pixelFormat']): Promise<boolean> {
  const offered = await device.choices('PixelFormat');
  if (wanted === 'stored') requireReadable(await device.string('PixelFormat'), offered);
  else await device.set('PixelFormat', chooseFormat(wanted, offered));
  return /^(Bayer|RGB|BGR)/.test(await device.string('PixelFormat'));
}

async function setRegion(device: GenicamDevice, region: GenicamSettings['region']): Promise<void> {
  if (region === null) return;
  const { x, y, width, height } = region;
  try {
    await device.ask('arv_camera_set_region', [x, y, width, height]);
  } catch (thrown) {
    const received = `${width} x ${height} at ${x}, ${y}`;
    const error = absent('region', 'a part of the sensor in steps that the camera knows', received);
    throw new GoodpartError(error.code, `${error.message}: ${(thrown as Error).message}`, { ...error, cause: thrown });
  }
  const read: [number][] = [[0], [0], [0], [0]];
  await device.ask('arv_camera_get_region', read);
  const got = `${read[2][0]} x ${read[3][0]} at ${read[0][0]}, ${read[1][0]}`;
  const asked = `${width} x ${height} at ${x}, ${y}`;
  if (got !== asked) throw absent('region', `what the camera makes of it, ${got},`, asked);
}

async function switchOff(device: GenicamDevice, notes: Notes, colour: boolean): Promise<void> {
  const missing: string[] = [];
  for (const feature of automatics) {
    if (await device.has(feature)) await device.set(feature, 'Off');
    else if (colour || feature !== 'BalanceWhiteAuto') missing.push(feature);
  }
  if (missing.length > 0) notes.push(`this camera has no ${missing.join(', ')} to be switched off`);
}

async function setExposure(device: GenicamDevice, exposure: GenicamSettings['exposure']): Promise<void> {
  if (exposure.mode === 'stored') return;
  if (await device.has('ExposureMode')) await device.set('ExposureMode', 'Timed');
  await setWithin(device, 'exposure_time', 'exposure.timeUs', exposure.timeUs);
  await setWithin(device, 'gain', 'exposure.gain', exposure.gain);
}

async function setWithin(
  device: GenicamDevice,
  what: 'exposure_time' | 'gain',
  field: string,
  value: number,
): Promise<void> {
  if (!(await device.ask(`arv_camera_is_${what}_available`))) {
    throw absent(field, 'the value that the camera has, which cannot be set,', value);
  }
  const [least, most]: [number][] = [[0], [0]];
  await device.ask(`arv_camera_get_${what}_bounds`, [least, most]);
  if (value < least[0] || value > most[0]) throw absent(field, `${rounded(least[0])}..${rounded(most[0])}`, value);
  await device.ask(`arv_camera_set_${what}`, [value]);
}

async function setWhite(device: GenicamDevice, white: GenicamSettings['white']): Promise<void> {
  if (white.mode === 'stored') return;
  for (const [colour, value] of [
    ['Red', white.red],
    ['Blue', white.blue],
  ] as const) {
    const offered = (await device.has('BalanceRatioSelector')) ? await device.choices('BalanceRatioSelector') : [];
    if (!offered.includes(colour)) {
      throw absent('white', `stored, as this camera has no BalanceRatio for ${colour},`, value);
    }
    await device.set('BalanceRatioSelector', colour);
    await device.set('BalanceRatio', value);
  }
}

async function setNetwork(device: GenicamDevice, settings: GenicamSettings, notes: Notes): Promise<void> {
  const { packetSize, packetDelayUs, frameRate, trigger } = settings;
  if (trigger === 'free' && frameRate > 0) await device.ask('arv_camera_set_frame_rate', [frameRate]);
  if (packetSize === 0 && packetDelayUs === 0) return;
  if (!device.isGigE) {
    notes.push('packet size and delay mean nothing to a USB camera');
    return;
  }
  if (packetSize > 0) await device.ask('arv_camera_gv_set_packet_size', [packetSize]);
  if (packetDelayUs > 0) await device.ask('arv_camera_gv_set_packet_delay', [Math.round(packetDelayUs * 1000)]);
}

async function setTrigger(device: GenicamDevice, { trigger, line, activation }: GenicamSettings): Promise<void> {
  if (trigger === 'free') return;
  const source = trigger === 'software' ? 'Software' : line;
  const offered = (await device.has('TriggerSource')) ? await device.choices('TriggerSource') : [];
  const field = trigger === 'software' ? 'trigger' : 'line';
  if (!offered.includes(source)) {
    const expected = offered.length > 0 ? `one of ${offered.join(', ')}` : 'free, as this camera cannot be triggered,';
    throw absent(field, expected, source);
  }
  if (trigger === 'software' && !(await device.ask('arv_camera_is_software_trigger_supported'))) {
    throw absent(field, 'a camera that takes software triggers', source);
  }
  await device.ask('arv_camera_set_trigger', [source]);
  if (trigger !== 'line') return;
  const edges = (await device.has('TriggerActivation')) ? await device.choices('TriggerActivation') : [];
  if (edges.includes(activation)) await device.set('TriggerActivation', activation);
  else throw absent('activation', edges.length > 0 ? `one of ${edges.join(', ')}` : 'no choice of edges', activation);
}
