import { closeSync, ftruncateSync, openSync, readSync, statfsSync, unlinkSync, writeSync } from 'node:fs';
import { newId } from '../core/ids.ts';
import type { Slots } from './framing.ts';

/** The file descriptor under which a child finds its parent's slots. */
export const slotsFd = 4;
/** Payloads below are cheaper in the message itself. */
const smallest = 32 * 1024;
/** Between the slots of the sparse file, bytes; no payload is larger. */
const stride = 512 * 1024 * 1024;
/** Memory that unused slots may keep, bytes. */
const mostKept = 64 * 1024 * 1024;
const memoryFolder = '/dev/shm';
/** Linux' tmpfs, from statfs(2): nothing else is sure never to wait for a disk. */
const tmpfs = 0x01021994;

/**
 * Memory that a parent shares with one child for large payloads: a file without a name on Linux' memory file system, in slots. A picture written
 * here and read there is copied twice; through a socket it goes in pieces of 64 kB, and more than 200 kB only after the child has begun to read
 * (`npm run bench -- process`). Where this is not to be had, everything goes through the socket.
 */
export class SharedSlots {
  readonly fd: number;
  readonly #free: number[];
  readonly #count: number;
  /** Bytes that each slot has ever held. */
  readonly #held: number[];
  /** Slots in use, by request: until its answer is there, however late that is. */
  readonly #lent = new Map<number, number[]>();

  private constructor(fd: number, count: number) {
    this.fd = fd;
    this.#count = count;
    // the one used last is used next: its memory is there, and warm
    this.#free = Array.from({ length: count }, (_, slot) => count - 1 - slot);
    this.#held = new Array<number>(count).fill(0);
  }

  /** Null where there is no memory file system to share, or no slot is wanted. */
  static open(count: number): SharedSlots | null {
    if (count === 0) return null;
    try {
      if (statfsSync(memoryFolder).type !== tmpfs) return null;
      const path = `${memoryFolder}/goodpart-${newId()}`;
      const fd = openSync(path, 'wx+', 0o600);
      unlinkSync(path);
      return new SharedSlots(fd, count);
    } catch {
      return null;
    }
  }

  /** Where each of a request's payloads lies now; null for one that must go with the message: small, no slot free, or memory short. */
  lend(request: number, payloads: readonly Buffer[]): Slots {
    const slots = payloads.map((payload) => this.#put(payload));
    const lent = slots.filter((slot) => slot !== null);
    if (lent.length > 0) this.#lent.set(request, lent);
    return slots;
  }

  /** The child has answered the request. */
  takeBack(request: number): void {
    for (const slot of this.#lent.get(request) ?? []) this.#give(slot);
    this.#lent.delete(request);
  }

  #put(payload: Buffer): number | null {
    if (payload.length < smallest || payload.length > stride) return null;
    const slot = this.#free.pop();
    if (slot === undefined) return null;
    this.#held[slot] = Math.max(this.#held[slot], payload.length);
    try {
      if (writeSync(this.fd, payload, 0, payload.length, slot * stride) === payload.length) return slot;
    } catch {
      // no memory left
    }
    this.#give(slot);
    return null;
  }

  #give(slot: number): void {
    this.#free.push(slot);
    if (this.#free.length < this.#count || this.#held.reduce((sum, bytes) => sum + bytes, 0) <= mostKept) return;
    ftruncateSync(this.fd, 0);
    this.#held.fill(0);
  }

  close(): void {
    closeSync(this.fd);
  }
}

/** The child's side. */
export class SlotReader {
  readonly #fd: number;
  readonly #buffers: Buffer[] = [];

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** What the slot holds, in memory that is the caller's until it has answered the request. Throws where it holds less. */
  read(slot: number, size: number): Buffer {
    if ((this.#buffers[slot]?.length ?? 0) < size) this.#buffers[slot] = Buffer.allocUnsafeSlow(size);
    const buffer = this.#buffers[slot].subarray(0, size);
    const got = readSync(this.#fd, buffer, 0, size, slot * stride);
    if (got !== size) throw new RangeError(`Slot ${slot} holds ${got} of ${size} bytes`);
    return buffer;
  }
}
