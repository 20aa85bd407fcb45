import { isIPv4 } from 'node:net';
import { GoodpartError } from '../../core/errors.ts';
import { settledWithin } from '../../process/settled-within.ts';
import type { DiscoveredSource } from '../source.ts';
import { type Aravis, loadAravis } from './aravis.ts';

export interface FoundCamera {
  id: string;
  vendor: string;
  model: string;
  serial: string;
  address: string;
  /** MAC address, or the USB GUID. */
  physical: string;
  /** `GigEVision` or `USB3Vision`. */
  protocol: string;
}

/** libaravis waits one second after the last answer. */
const discoveryMs = 8_000;

/** All GigE Vision and USB3 Vision cameras that answer now. Rejects with GP_SOURCE_FAILED after eight seconds. */
export async function findCameras(aravis: Aravis): Promise<FoundCamera[]> {
  await settledWithin(aravis.callAsync('arv_update_device_list'), discoveryMs, () => {
    return new GoodpartError('GP_SOURCE_FAILED', `Looking for cameras took longer than ${discoveryMs} ms`);
  });
  const text = (name: Parameters<Aravis['call']>[0], index: number) => String(aravis.call(name, index) ?? '').trim();
  return Array.from({ length: Number(aravis.call('arv_get_n_devices')) }, (_, index) => ({
    id: text('arv_get_device_id', index),
    vendor: text('arv_get_device_vendor', index),
    model: text('arv_get_device_model', index),
    serial: text('arv_get_device_serial_nbr', index),
    address: text('arv_get_device_address', index),
    physical: text('arv_get_device_physical_id', index),
    protocol: text('arv_get_device_protocol', index),
  }));
}

/**
 * What to open for the camera that is meant by id, serial number, MAC or address; the only one where nothing is named. An
 * address is taken as it is: that spares the second that a search takes, and a camera behind a router answers no search.
 */
export async function locateCamera(aravis: Aravis, wanted: string): Promise<string> {
  return isIPv4(wanted) ? wanted : chooseCamera(await findCameras(aravis), wanted);
}

function chooseCamera(found: FoundCamera[], wanted: string): string {
  const matches = found.filter(({ id, serial, physical }) => wanted === '' || [id, serial, physical].includes(wanted));
  if (matches.length === 1) return matches[0].id;
  const list = found.length > 0 ? `one of ${found.map(({ id }) => id).join(', ')}` : 'a camera that answers';
  const received = wanted === '' ? `${found.length || 'no'} cameras and none named` : wanted;
  throw new GoodpartError('GP_SOURCE_FAILED', `Expected ${list} for camera but received ${received}`, {
    field: 'camera',
    expected: list,
    received,
  });
}

/** For the dialog: "Basler acA1300-30gm 22345678 (192.168.1.20, GigEVision)". */
export async function discoverGenicam(): Promise<DiscoveredSource[]> {
  const found = await findCameras(await loadAravis());
  return found.map(({ id, vendor, model, serial, address, protocol }) => ({
    name: `${vendor} ${model} ${serial} (${[address, protocol].filter(Boolean).join(', ')})`,
    settings: { kind: 'genicam', camera: id },
  }));
}
