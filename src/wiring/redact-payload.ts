/** Secrets out of arguments and results before they are kept: by names of members and by their shapes, as the middleware does it. */
import type { RedactPayload } from '../audit/chain-writer.ts';
import type { KeyedDigest } from '../base/keyed-digest.ts';
import { createRedactor, SECRET_MEMBER_KIND } from '../middleware/redact/redactor.ts';
import { createMark } from '../middleware/redact/spans.ts';
import { isObject } from '../protocol/messages.ts';

/** In text that is no whole JSON: a member whose name says secret, up to the end of its text or of all. */
const SECRET_MEMBER =
  /(\\*"[^"\\]{0,64}(?:passw|passphrase|secret|token|api[_-]?key|private[_-]?key|authorization|credential|cookie)[^"\\]{0,64}\\*"\s*:\s*\\*")((?:[^"\\]|\\[^"])*)/gi;

/** Each mark has the beginning of the value's digest, so that one can see where the same secret was used again (AU-06). */
export function createRedactPayload(digest: KeyedDigest): RedactPayload {
  let redactions = 0;
  const mark = createMark('redact', digest);
  const redactor = createRedactor({ secrets: true, personal: [], action: 'redact', digest }, () => redactions++);
  return (text, isCut) => {
    redactions = 0;
    const whole = isCut ? undefined : parseObject(text);
    const clean =
      whole === undefined
        ? redactor.text(text.replace(SECRET_MEMBER, (_, before: string, value: string) => (redactions++, before + mark(value, SECRET_MEMBER_KIND))))
        : redactor.value(whole);
    if (typeof clean === 'string') return { text: clean, redactions };
    // Nothing found: the text stays what it was, numbers and order too.
    return { text: redactions === 0 ? text : JSON.stringify(clean), redactions };
  };
}

function parseObject(text: string) {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
