import { invalidParameter } from '../core/errors.ts';
import { blockLength, slotSpan } from './registers.ts';
import { type EndpointSettings, maxSlot } from './settings.ts';

/**
 * Throws one GP_CONFIG_INVALID where a station cannot be shown there: a slot that another has or that lies outside the registers, or
 * an OPC UA client that could not tell two stations apart. `taken` are the endpoint's stations and their slots.
 */
export function checkPlace(
  settings: EndpointSettings,
  taken: ReadonlyMap<string, number>,
  stationId: string,
  slot: number,
): void {
  if (!Number.isInteger(slot) || slot < 0 || slot > maxSlot) {
    throw invalidParameter('slot', `a whole number 0..${maxSlot}`, slot, 'GP_CONFIG_INVALID');
  }
  const others = [...taken].filter(([id]) => id !== stationId);
  const { kind, options } = settings;
  if (kind === 'modbus' || kind === 'modbus client') {
    const base = kind === 'modbus' ? 0 : options.base;
    const highest = Math.floor((65536 - blockLength - base) / slotSpan);
    if (slot > highest) {
      const expected = `a slot 0..${highest}, as the map begins at register ${base},`;
      throw invalidParameter('slot', expected, slot, 'GP_CONFIG_INVALID');
    }
    const [other] = others.find(([, used]) => used === slot) ?? [];
    if (other === undefined) return;
    throw invalidParameter('slot', `a slot that "${other}" does not use`, slot, 'GP_CONFIG_INVALID');
  }
  if (kind === 'opcua client' && others.length > 0 && !options.template.includes('{station}')) {
    const expected = `{station} in it, as "${others[0][0]}" uses this endpoint too,`;
    throw invalidParameter('template', expected, options.template, 'GP_CONFIG_INVALID');
  }
}
