/**
 * A table for things with ascending integer ids that live briefly: requests under way. A Map would do, but one whose
 * entries come and go all the time leaves dead tables behind that keep what was in them alive until the next full
 * garbage collection (each rehash links the old table to the new); under load that is every request.
 */
const SLOTS = 256;

export class RecentTable<T> {
  readonly #ids: number[] = Array.from({ length: SLOTS }, () => -1);
  readonly #items: (T | undefined)[] = Array.from({ length: SLOTS }, () => undefined);
  /** Where a slot is taken by something that lives long. */
  readonly #others = new Map<number, T>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): T | undefined {
    const slot = id & (SLOTS - 1);
    return this.#ids[slot] === id ? this.#items[slot] : this.#others.get(id);
  }

  /** `id` is a whole number that is not in the table. */
  add(id: number, item: T): void {
    const slot = id & (SLOTS - 1);
    this.#size++;
    if (this.#ids[slot] !== -1) {
      this.#others.set(id, item);
      return;
    }
    this.#ids[slot] = id;
    this.#items[slot] = item;
  }

  delete(id: number): boolean {
    const slot = id & (SLOTS - 1);
    if (this.#ids[slot] === id) {
      this.#ids[slot] = -1;
      this.#items[slot] = undefined;
    } else if (!this.#others.delete(id)) return false;
    this.#size--;
    return true;
  }

  /** In no particular order. */
  values(): T[] {
    return [...this.#items.filter((item) => item !== undefined), ...this.#others.values()] as T[];
  }
}
