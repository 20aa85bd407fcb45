/** Where a record lies in the journal. */
export interface Place {
  segment: number;
  /** Bytes from the segment's beginning. */
  offset: number;
  /** Bytes of the line, its end included. */
  length: number;
  sequence: number;
}

/** Characters of an id of ours (core/ids). */
const idLength = 26;

/**
 * Where the newest records lie, by id: a ring in memory that is allocated once. As objects in a Map each place would outlive V8's young generation
 * and end as garbage in the old one, 1.3 MB for 10,000 records until that is collected (measured).
 */
export class RecentPlaces {
  readonly #capacity: number;
  readonly #ids: Buffer;
  /** Segment, offset, length and sequence of each. */
  readonly #places: Float64Array;
  /** First of the places whose ids have this hash, and after each the next one; -1 none. */
  readonly #first: Int32Array;
  readonly #next: Int32Array;
  #size = 0;
  /** Where the next one goes; once the ring is full the oldest lies there. */
  #at = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#ids = Buffer.alloc(capacity * idLength);
    this.#places = new Float64Array(capacity * 4);
    this.#first = new Int32Array(2 ** Math.ceil(Math.log2(capacity + 1))).fill(-1);
    this.#next = new Int32Array(capacity).fill(-1);
  }

  get size(): number {
    return this.#size;
  }

  has(id: string): boolean {
    return this.#find(id) >= 0;
  }

  get(id: string): Place | undefined {
    const at = this.#find(id);
    return at < 0 ? undefined : this.#read(at);
  }

  /** Forgets the oldest where there is no room. An id of another length than ours is never known. */
  set(id: string, place: Place): void {
    if (id.length !== idLength) return;
    const known = this.#find(id);
    if (known >= 0) {
      this.#write(known, place);
      return;
    }
    const at = this.#at;
    if (this.#size === this.#capacity) this.#forget(at);
    else this.#size += 1;
    this.#ids.write(id, at * idLength, 'latin1');
    this.#write(at, place);
    const hash = this.#hash(at);
    this.#next[at] = this.#first[hash];
    this.#first[hash] = at;
    this.#at = (at + 1) % this.#capacity;
  }

  /** At most `limit` of lower sequence than `before`, in descending order of it. */
  below(before: number, limit: number): Place[] {
    const found: number[] = [];
    for (let at = 0; at < this.#size; at++) if (this.#places[at * 4 + 3] < before) found.push(at);
    found.sort((a, b) => this.#places[b * 4 + 3] - this.#places[a * 4 + 3]);
    return found.slice(0, limit).map((at) => this.#read(at));
  }

  #find(id: string): number {
    if (id.length !== idLength) return -1;
    const bytes = Buffer.from(id, 'latin1');
    for (let at = this.#first[hashOf(bytes, 0, this.#first.length)]; at >= 0; at = this.#next[at]) {
      if (this.#ids.compare(bytes, 0, idLength, at * idLength, (at + 1) * idLength) === 0) return at;
    }
    return -1;
  }

  #forget(at: number): void {
    const hash = this.#hash(at);
    if (this.#first[hash] === at) {
      this.#first[hash] = this.#next[at];
      return;
    }
    let before = this.#first[hash];
    while (this.#next[before] !== at) before = this.#next[before];
    this.#next[before] = this.#next[at];
  }

  #hash(at: number): number {
    return hashOf(this.#ids, at * idLength, this.#first.length);
  }

  #read(at: number): Place {
    const [segment, offset, length, sequence] = this.#places.subarray(at * 4, at * 4 + 4);
    return { segment, offset, length, sequence };
  }

  #write(at: number, { segment, offset, length, sequence }: Place): void {
    this.#places.set([segment, offset, length, sequence], at * 4);
  }
}

/** FNV-1a, 32 bit, of one id; `buckets` is a power of two. Source: isthe.com/chongo/tech/comp/fnv. */
function hashOf(bytes: Buffer, from: number, buckets: number): number {
  let hash = 0x811c9dc5;
  for (let i = from; i < from + idLength; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
  return (hash ^ (hash >>> 15)) & (buckets - 1);
}
