/** Texts written one after the other into a block of bytes off the heap, which is used again: no text of all is made, and no memory is asked of the system for it. */

const FIRST_BYTES = 64 << 10;
/** A block that had to grow beyond this is not used again. */
const KEPT_BYTES_MAX = 4 << 20;
const UTF8_BYTES_MAX = 3;

export class TextBlock {
  #block: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #used = 0;

  get byteLength(): number {
    return this.#used;
  }

  /** Those of the block itself: they change when it is used again. */
  get bytes(): Buffer {
    return this.#block.subarray(0, this.#used);
  }

  /** Its length in bytes, as UTF-8. */
  text(text: string): number {
    this.#makeRoom(UTF8_BYTES_MAX * text.length);
    const length = this.#block.write(text, this.#used);
    this.#used += length;
    return length;
  }

  /** Leaves room and says where. */
  leave(bytes: number): number {
    this.#makeRoom(bytes);
    const at = this.#used;
    this.#used += bytes;
    return at;
  }

  /** 32 bits, little-endian, where room was left. */
  setUint32(value: number, at: number): void {
    this.#block.writeUInt32LE(value, at);
  }

  /** Empty again. */
  clear(): void {
    if (this.#block.length > KEPT_BYTES_MAX) this.#block = Buffer.allocUnsafeSlow(FIRST_BYTES);
    this.#used = 0;
  }

  #makeRoom(bytes: number): void {
    const needed = this.#used + bytes;
    if (needed <= this.#block.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#block.length));
    this.#block.copy(larger, 0, 0, this.#used);
    this.#block = larger;
  }
}
