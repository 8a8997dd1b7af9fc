/** A flood of refused requests must not push out the record of the others: beyond a rate they are only counted. */

const PER_SECOND_MAX = 100;

export class RefusalBudget {
  readonly #nowMs: () => number;
  readonly #counted: (count: number) => void;
  #second = 0;
  #taken = 0;

  /** `counted` hears how many of a second were not recorded one by one. */
  constructor(nowMs: () => number, counted: (count: number) => void) {
    this.#nowMs = nowMs;
    this.#counted = counted;
  }

  take(): boolean {
    const second = Math.floor(this.#nowMs() / 1_000);
    if (second !== this.#second) {
      const over = this.#taken - PER_SECOND_MAX;
      this.#second = second;
      this.#taken = 0;
      if (over > 0) this.#counted(over);
    }
    this.#taken++;
    return this.#taken <= PER_SECOND_MAX;
  }
}
