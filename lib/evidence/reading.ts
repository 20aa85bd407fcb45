import { invalidParameter } from '../core/errors.ts';
import { isId } from '../core/ids.ts';
import { type PictureRole, pictureRoles } from './record.ts';

/** What the store's readers take; each throws GP_INPUT_INVALID naming the field. */
export function checkLimit(limit: number): void {
  if (!Number.isInteger(limit) || limit < 1 || limit > 500) throw invalidParameter('limit', '1..500', limit);
}

export function checkBefore(before: number | undefined): void {
  if (before !== undefined && !Number.isFinite(before)) throw invalidParameter('before', 'a sequence', before);
}

export function checkPicture(id: string, role: PictureRole, view: number): void {
  if (!isId(id)) throw invalidParameter('id', 'an id of an inspection', id);
  if (!pictureRoles.includes(role)) throw invalidParameter('role', pictureRoles.join(', '), role);
  if (!Number.isInteger(view) || view < 0) throw invalidParameter('view', 'a whole number from 0', view);
}
