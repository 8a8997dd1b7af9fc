/** Short texts that stand in nearly every message, found by their bytes, so that no text is made of those each time. */
export class KnownTexts {
  readonly #byLength: (readonly Known[] | undefined)[] = [];

  /** `texts`: ASCII. */
  constructor(texts: readonly string[]) {
    for (const text of new Set(texts)) this.#byLength[text.length] = [...(this.#byLength[text.length] ?? []), { text, bytes: Buffer.from(text, 'latin1') }];
  }

  /** The text from `start` to before `end`; undefined where it is none of these. */
  find(bytes: Buffer, start: number, end: number): string | undefined {
    const candidates = this.#byLength[end - start];
    if (candidates !== undefined) for (const known of candidates) if (isAt(bytes, start, known.bytes)) return known.text;
    return undefined;
  }
}

interface Known {
  readonly text: string;
  readonly bytes: Buffer;
}

function isAt(bytes: Buffer, start: number, wanted: Buffer): boolean {
  for (let at = 0; at < wanted.length; at++) if (bytes[start + at] !== wanted[at]) return false;
  return true;
}
