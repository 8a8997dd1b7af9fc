/** The values that `${NAME}` stood for in one server's configuration, so that its stderr can be shown without them. */

const PLACEHOLDER = /\$\{[^{}]*\}/g;
/** Shorter values stand in too many innocent words; a secret of five characters is none. */
const SECRET_CHARS_MIN = 6;
const MASK = '[redacted]';

export class SecretValues {
  readonly #found = new Set<string>();
  readonly #resolve: (text: string) => string;
  readonly #isPublic: (value: string) => boolean;

  /** `isPublic` spares values that the server sees anyway and that help to read its messages, such as HOME. */
  constructor(resolve: (text: string) => string, isPublic: (value: string) => boolean) {
    this.#resolve = resolve;
    this.#isPublic = isPublic;
  }

  /** As the resolver it was made with; notes what the placeholders of `text` became. */
  resolve(text: string): string {
    for (const [placeholder] of text.matchAll(PLACEHOLDER)) {
      const value = this.#resolve(placeholder);
      if (value.length >= SECRET_CHARS_MIN && !this.#isPublic(value)) this.#found.add(value);
    }
    return this.#resolve(text);
  }

  redact(text: string): string {
    let shown = text;
    // Longest first, or a secret that contains another would show its rest.
    for (const value of [...this.#found].sort((a, b) => b.length - a.length)) shown = shown.replaceAll(value, MASK);
    return shown;
  }
}
