/** Keeps secrets that came into being at run time (tokens, stored secrets) out of every line of the log. */

/** Shorter values stand in too many innocent words. */
const SECRET_CHARS_MIN = 8;
/** Tokens are renewed for ever; those that were seen last count. */
const SECRETS_MAX = 2_000;
const MASK = '[redacted]';

export class Redactor {
  readonly #secrets = new Set<string>();
  #pattern: RegExp | undefined;

  add(secret: string): void {
    if (secret.length < SECRET_CHARS_MIN || this.#secrets.has(secret)) return;
    this.#secrets.add(secret);
    const [oldest] = this.#secrets;
    if (this.#secrets.size > SECRETS_MAX && oldest !== undefined) this.#secrets.delete(oldest);
    this.#pattern = undefined;
  }

  /** The line without any of them, also where JSON or an address wrote them its own way. */
  redact(line: string): string {
    if (this.#secrets.size === 0) return line;
    this.#pattern ??= toPattern(this.#secrets);
    return line.replace(this.#pattern, MASK);
  }
}

function toPattern(secrets: ReadonlySet<string>): RegExp {
  const forms = [...secrets].flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]);
  // Longest first, or a secret that contains another would show its rest.
  const unique = [...new Set(forms)].sort((a, b) => b.length - a.length);
  return new RegExp(unique.map((form) => form.replace(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`)).join('|'), 'g');
}
