/**
 * What one line of a server's stdout is: a message, noise, or an answer so broken that only its id can be read. An id
 * is believed only as an integer that stands once at the top of something that is no request: the ids of the server's
 * own requests are another series than ours (MCP 2025-11-25, basic, Requests).
 */
import { type Fault, toFault } from '../../base/fault.ts';
import { type Envelope, readEnvelope } from '../../protocol/envelope.ts';
import { RESULT_JSON_LIMITS, scanJson } from '../../protocol/scan.ts';
import { escapeControls } from './escape-controls.ts';

export type LineReading =
  | { readonly kind: 'message'; readonly envelope: Envelope }
  /** `answerId` is the request of ours that this was meant to answer, where that is certain. */
  | { readonly kind: 'dropped'; readonly reason: 'invalid_line' | 'invalid_message'; readonly detail: string; readonly answerId: number | undefined };

const BRACE = 0x7b;
const CR = 0x0d;
const SHOWN_BYTES = 200;

const VERSION = String.raw`"jsonrpc"\s*:\s*"2\.0"\s*`;
const ID = String.raw`"id"\s*:\s*(0|[1-9]\d{0,15})\s*`;
/** `{"jsonrpc":"2.0","id":7,"result":` in either order of the first two. */
const ANSWER_HEAD = new RegExp(String.raw`^\s*\{\s*(?:${VERSION},\s*)?${ID},\s*(?:${VERSION},\s*)?"(?:result|error)"\s*:`);
/** The other usual order: `{"result":{…},"jsonrpc":"2.0","id":7}`. In valid JSON the last brace is the root's, so these are its keys. */
const BODY_HEAD = new RegExp(String.raw`^\s*\{\s*(?:${VERSION},\s*)?"(?:result|error)"\s*:`);
const ANSWER_TAIL = new RegExp(String.raw`[}\]]\s*,\s*(?:${VERSION},\s*)?${ID}(?:,\s*${VERSION})?\}\s*$`);

/** Never throws for what a server wrote. `line` comes without its end and is kept by the envelope, not copied. */
export function readLine(line: Buffer): LineReading {
  if (line[firstByteAt(line)] !== BRACE) return { kind: 'dropped', reason: 'invalid_line', detail: shown(line), answerId: undefined };
  try {
    return { kind: 'message', envelope: readEnvelope(line, RESULT_JSON_LIMITS) };
  } catch (thrown) {
    return refuse(line, toFault(thrown));
  }
}

/** The id of an answer of which only both ends are known. Pass an empty tail while the end has not come. */
export function answerIdOfEdges(head: Buffer, tail: Buffer): number | undefined {
  const text = head.toString('latin1');
  const digits = ANSWER_HEAD.exec(text)?.[1] ?? (BODY_HEAD.test(text) ? ANSWER_TAIL.exec(tail.toString('latin1'))?.[1] : undefined);
  return toId(digits);
}

/** Whether a line begins as an answer does, so that it is worth reading on to its end. */
export function beginsAsAnswer(head: Buffer): boolean {
  const text = head.toString('latin1');
  return BODY_HEAD.test(text) || ANSWER_HEAD.test(text);
}

function refuse(line: Buffer, fault: Fault): LineReading {
  if (fault.code === 'gateway.bug') throw fault;
  const detail = `${fault.detail ?? fault.message}: ${shown(line)}`;
  if (fault.code === 'request.parse') return { kind: 'dropped', reason: 'invalid_line', detail, answerId: undefined };
  const answerId = fault.code === 'request.invalid' ? answerIdOf(line) : answerIdOfEdges(line.subarray(0, SHOWN_BYTES), line.subarray(-SHOWN_BYTES));
  return { kind: 'dropped', reason: 'invalid_message', detail, answerId };
}

/** The line is valid JSON within the limits, or it would have failed otherwise before. */
function answerIdOf(line: Buffer): number | undefined {
  const top = scanJson(line, RESULT_JSON_LIMITS).keys.filter((key) => key.depth === 1);
  const [id, ...others] = top.filter((key) => key.key === 'id');
  if (id === undefined || others.length > 0 || top.some((key) => key.key === 'method')) return undefined;
  const text = line.toString('latin1', id.valueStart, id.valueEnd);
  return /^(?:0|[1-9]\d{0,15})$/.test(text) ? toId(text) : undefined;
}

function toId(digits: string | undefined): number | undefined {
  const id = Number(digits);
  return digits !== undefined && Number.isSafeInteger(id) ? id : undefined;
}

/** Offset of the first byte that is no JSON white space (RFC 8259 section 2). */
function firstByteAt(line: Buffer): number {
  let at = 0;
  while (line[at] === 0x20 || line[at] === 0x09 || line[at] === CR) at += 1;
  return at;
}

function shown(line: Buffer): string {
  const text = escapeControls(line.toString('utf8', 0, SHOWN_BYTES));
  return line.length > SHOWN_BYTES ? `${text}… (${line.length} bytes)` : text;
}
