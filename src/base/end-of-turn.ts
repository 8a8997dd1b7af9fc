/**
 * Work gathered for the end of one turn of the event loop. A write to a socket wakes the process at its other end,
 * which costs more than making the message did; the messages that are finished in one turn therefore leave together.
 */
export class EndOfTurn<Item> {
  #items: Item[] = [];
  readonly #take: (items: Item[]) => void;
  readonly #schedule: (run: () => void) => void;

  /** `take` gets everything that was added since the last time, in order. */
  constructor(take: (items: Item[]) => void, schedule: (run: () => void) => void = setImmediate) {
    this.#take = take;
    this.#schedule = schedule;
  }

  add(item: Item): void {
    if (this.#items.length === 0) this.#schedule(() => this.#flush());
    this.#items.push(item);
  }

  #flush(): void {
    const items = this.#items;
    this.#items = [];
    this.#take(items);
  }
}
