/** The configuration for people to look at: every value that could be a secret is masked, references stay readable. */
import type { ConfigDocument } from '../../model/config-document.ts';

const MASK = '…';
/** Objects whose values may be secrets. */
const VALUES = new Set(['env', 'headers']);
/** Members that are secrets. */
const SECRETS = new Set(['value', 'bearerToken']);

/** A copy; `${NAME}` references are shown, since they hold nothing. */
export function maskedDocument(document: ConfigDocument): Record<string, unknown> {
  return masked(document, '') as Record<string, unknown>;
}

function masked(value: unknown, key: string): unknown {
  if (Array.isArray(value)) return value.map((item) => (key === 'args' && typeof item === 'string' ? maskedArgument(item) : masked(item, key)));
  if (typeof value === 'string') return SECRETS.has(key) ? maskedText(value) : key === 'url' ? value.replace(/\/\/[^/@\s]+@/, `//${MASK}@`).replace(/([?&][^=&]*=)[^&]+/g, `$1${MASK}`) : value;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, VALUES.has(key) && typeof member === 'string' ? maskedText(member) : masked(member, name)]));
}

function maskedText(text: string): string {
  return /^(?:[A-Za-z]+ )?\$\{[^}]+\}$/.test(text) ? text : MASK;
}

/** `--api-key=secret`. */
function maskedArgument(text: string): string {
  return text.replace(/^(--?[\w-]*(?:key|token|secret|password)[\w-]*=).+/i, `$1${MASK}`);
}
