/**
 * Forms of servers that ask for secrets. A server must not (2026-07-28, client/elicitation, "Security Considerations");
 * behind a gateway a person also cannot see which server it is that asks. So such a form says both ahead of its own
 * words. What it asks for stays as it is: it may be a harmless field with an unlucky name.
 */
import { isObject, type JsonObject, type JsonValue } from '../protocol/messages.ts';

/** Words for what gives access or pays; whole words of names in any spelling (`apiKey`, `api_key`, `API key`). */
const SECRET =
  /\b(?:pass ?(?:words?|phrases?|codes?)|passwd|pwd|secrets?|credentials?|api ?keys?|(?:private|secret|access|signing|ssh) ?keys?|(?:access|auth|refresh|bearer|session|api|id|personal access) ?tokens?|token|one time codes?|otp|pin|cvv|cvc|security codes?|(?:credit|debit)? ?card numbers?|iban|social security(?: numbers?)?|ssn|seed ?phrase|recovery codes?)\b/;
const FIELDS_MAX = 200;

/** The form with a warning ahead of its message where it asks for a secret; else the very same params. `as`: the server as the namespace calls it. */
export function markedForm(method: string, params: JsonObject, as: string): JsonObject {
  if (method !== 'elicitation/create' || params['mode'] === 'url') return params;
  const asked = secretIn(params);
  if (asked === undefined) return params;
  const message = typeof params['message'] === 'string' ? params['message'] : '';
  return { ...params, message: `Careful: the server "${as}" asks for what looks like a secret (${asked}). Servers must not ask for secrets in a form.\n\n${message}` };
}

/** The questions of `inputRequests` likewise; the same object where none asks for a secret. */
export function markedRequests(requests: JsonObject, as: string): JsonObject {
  let changed: Record<string, JsonValue | undefined> | undefined;
  for (const [key, request] of Object.entries(requests)) {
    if (!isObject(request) || !isObject(request['params'])) continue;
    const params = markedForm(String(request['method']), request['params'], as);
    if (params !== request['params']) (changed ??= { ...requests })[key] = { ...request, params };
  }
  return changed ?? requests;
}

/** The name of the first field that asks for a secret, or the word in the message that does. */
function secretIn({ message, requestedSchema }: JsonObject): string | undefined {
  const properties = isObject(requestedSchema) && isObject(requestedSchema['properties']) ? requestedSchema['properties'] : {};
  for (const [name, field] of Object.entries(properties).slice(0, FIELDS_MAX)) {
    const { title, description, format } = isObject(field) ? field : {};
    if (format === 'password' || [name, title, description].some((text) => secretWord(text) !== undefined)) return name.slice(0, 64);
  }
  return secretWord(message);
}

function secretWord(text: JsonValue | undefined): string | undefined {
  if (typeof text !== 'string') return undefined;
  const words = text.slice(0, 2_000).replace(/([a-z0-9])([A-Z])/g, '$1 $2').replace(/[_\-.]+/g, ' ').toLowerCase();
  return SECRET.exec(words)?.[0];
}
