/** Secrets out of arguments and results before they are kept: by names of members and by their shapes, as the middleware does it. */
import type { RedactPayload } from './audit/chain-writer.ts';
import { createRedactor } from './middleware/redact/redactor.ts';
import { isObject } from './protocol/messages.ts';

/** In text that is no whole JSON: a member whose name says secret, up to the end of its text or of all. */
const SECRET_MEMBER =
  /(\\*"[^"\\]{0,64}(?:passw|passphrase|secret|token|api[_-]?key|private[_-]?key|authorization|credential|cookie)[^"\\]{0,64}\\*"\s*:\s*\\*")((?:[^"\\]|\\[^"])*)/gi;

let redactions = 0;
const redactor = createRedactor({ secrets: true, personal: [], action: 'redact' }, () => redactions++);

export const redactPayload: RedactPayload = (text, isCut) => {
  redactions = 0;
  const whole = isCut ? undefined : parseObject(text);
  const clean =
    whole === undefined
      ? redactor.text(text.replace(SECRET_MEMBER, (_, before: string) => (redactions++, `${before}[redacted secret-member]`)))
      : redactor.value(whole);
  if (typeof clean === 'string') return { text: clean, redactions };
  // Nothing found: the text stays what it was, numbers and order too.
  return { text: redactions === 0 ? text : JSON.stringify(clean), redactions };
};

function parseObject(text: string) {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
