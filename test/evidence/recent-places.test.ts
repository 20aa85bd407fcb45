import assert from 'node:assert/strict';
import fc from 'fast-check';
import { newId } from '../../lib/core/ids.ts';
import { type Place, RecentPlaces } from '../../lib/evidence/recent-places.ts';

/** The same by a Map, which keeps the order in which keys first came. */
class Model {
  readonly #map = new Map<string, Place>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  set(id: string, place: Place): void {
    this.#map.set(id, place);
    const [oldest] = this.#map.keys();
    if (this.#map.size > this.#capacity) this.#map.delete(oldest);
  }

  get(id: string): Place | undefined {
    return this.#map.get(id);
  }

  get size(): number {
    return this.#map.size;
  }

  below(before: number): Place[] {
    return [...this.#map.values()].filter(({ sequence }) => sequence < before).sort((a, b) => b.sequence - a.sequence);
  }
}

const place = (n: number): Place => ({ segment: n % 7, offset: n * 1_000_003, length: 400 + n, sequence: 2 ** 33 + n });

describe('where the newest records lie', () => {
  it('is known as by a Map of the newest, whatever comes, ids that come again too', () => {
    const ids = Array.from({ length: 12 }, () => newId());
    const steps = fc.array(fc.nat({ max: ids.length - 1 }), { maxLength: 60 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), steps, (capacity, chosen) => {
        const [ring, model] = [new RecentPlaces(capacity), new Model(capacity)];
        for (const [n, which] of chosen.entries()) {
          ring.set(ids[which], place(n));
          model.set(ids[which], place(n));
          assert.equal(ring.size, model.size);
          for (const id of ids) {
            assert.deepEqual(ring.get(id), model.get(id));
            assert.equal(ring.has(id), model.get(id) !== undefined);
          }
          assert.deepEqual(ring.below(2 ** 33 + n, 3), model.below(2 ** 33 + n).slice(0, 3));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('holds fifty thousand, and forgets the oldest of as many again', () => {
    const ring = new RecentPlaces(50_000);
    const ids = Array.from({ length: 100_000 }, () => newId());
    for (const [n, id] of ids.entries()) ring.set(id, place(n));
    assert.equal(ring.size, 50_000);
    assert.equal(
      ids.findIndex((id) => ring.has(id)),
      50_000,
    );
    for (const n of [50_000, 77_777, 99_999]) assert.deepEqual(ring.get(ids[n]), place(n));
    assert.equal(ring.below(Number.POSITIVE_INFINITY, 60_000).length, 50_000);
  });

  it('knows nothing that is no id', () => {
    const ring = new RecentPlaces(4);
    for (const id of ['', 'x', `${newId()}0`]) ring.set(id, place(1));
    assert.equal(ring.size, 0);
    assert.equal(ring.has('x'), false);
  });
});
