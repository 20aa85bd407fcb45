/** Lets work that was begun one after the other and goes on side by side come out in the order it was begun. */
export class InOrder {
  #last: Promise<void> = Promise.resolve();

  /** Settles as `work` does, but not before everything that was given earlier has settled. */
  async next<T>(work: Promise<T>): Promise<T> {
    const before = this.#last;
    const over = () => {};
    this.#last = work.then(over, over).then(() => before);
    await before;
    return work;
  }
}
