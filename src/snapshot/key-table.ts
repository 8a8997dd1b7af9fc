/**
 * Keys by what is stored of them, asked for by the keyed digest of a value (auth/keys.ts): what is stored may have been
 * digested again since, under peppers that came later (storage/key-peppers.ts).
 */
import type { KeySpec } from '../model/key.ts';

export class KeyTable extends Map<string, KeySpec> {
  readonly #renew: (digest: string) => string;
  /** Of those that were found: at most as many as there are keys. */
  readonly #known = new Map<string, string>();

  constructor(renew: (digest: string) => string) {
    super();
    this.#renew = renew;
  }

  override get(digest: string): KeySpec | undefined {
    const known = this.#known.get(digest);
    if (known !== undefined) return super.get(known);
    const stored = this.#renew(digest);
    const key = super.get(stored);
    if (key !== undefined) this.#known.set(digest, stored);
    return key;
  }

  /** By what is stored. */
  at(stored: string): KeySpec | undefined {
    return super.get(stored);
  }
}
