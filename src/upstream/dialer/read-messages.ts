/** Bytes from a server → messages. */
import { Fault, toFault } from '../../base/fault.ts';
import { type Envelope, readEnvelope } from '../../protocol/envelope.ts';
import { RESULT_JSON_LIMITS, scanJson } from '../../protocol/scan.ts';

const BATCH_MESSAGES_MAX = 1_000;

/**
 * Hands each message in `bytes` to `take`: one, or those of a batch (revision 2025-03-26 allows servers to send them).
 * Throws like `readEnvelope`; then none, or only the messages before the bad one, were handed over.
 */
export function readMessages(bytes: Buffer, take: (envelope: Envelope) => void): void {
  if (bytes[firstByteAt(bytes, 0)] !== 0x5b) {
    take(readEnvelope(bytes, RESULT_JSON_LIMITS));
    return;
  }
  const elements = splitArray(bytes);
  if (elements.length === 0 || elements.length > BATCH_MESSAGES_MAX) throw new Fault('request.invalid', { detail: `a batch of ${elements.length}` });
  for (const element of elements) take(readEnvelope(element, RESULT_JSON_LIMITS));
}

/** What was wrong with bytes that are no message, for the log: our own words, nothing of theirs. */
export function describeInvalid(thrown: unknown): string {
  const fault = toFault(thrown);
  if (fault.code === 'gateway.bug') throw thrown;
  return [fault.code, fault.reason, fault.detail].filter((part) => part !== undefined).join(' ');
}

/** The elements of a JSON array as slices. The scan has proven the JSON to be well-formed. */
function splitArray(bytes: Buffer): Buffer[] {
  scanJson(bytes, RESULT_JSON_LIMITS);
  const elements: Buffer[] = [];
  let start = firstByteAt(bytes, 0) + 1;
  while (firstByteAt(bytes, start) < bytes.length) {
    const end = endOfElement(bytes, start);
    if (firstByteAt(bytes, start) < end) elements.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return elements;
}

/** The comma or bracket after the element of the outermost array that begins at `start`. */
function endOfElement(bytes: Buffer, start: number): number {
  let depth = 0;
  for (let at = start; ; at++) {
    const byte = bytes[at];
    if (byte === 0x22) at = endOfString(bytes, at);
    else if (byte === 0x5b || byte === 0x7b) depth++;
    else if (depth === 0 && (byte === 0x2c || byte === 0x5d)) return at;
    else if (byte === 0x5d || byte === 0x7d) depth--;
  }
}

function endOfString(bytes: Buffer, start: number): number {
  let at = start + 1;
  while (bytes[at] !== 0x22) at += bytes[at] === 0x5c ? 2 : 1;
  return at;
}

function firstByteAt(bytes: Buffer, start: number): number {
  let at = start;
  while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at++;
  return at;
}
