/**
 * The answer of `search_tools` as a client gets it: rows of a signature and a sentence, under the band they have. A row
 * that answers several queries stands once, under the first.
 */
import { isObject, type JsonObject } from '../protocol/messages.ts';
import { firstSentence } from './first-sentence.ts';
import type { Band, FoundTool, QueryAnswer } from './found-tool.ts';
import type { SearchableTool } from './searchable-tool.ts';
import { signatureOf } from './signature.ts';

/** name: ids only; brief: signature and first sentence; full: whole definitions. */
export const DETAILS = ['name', 'brief', 'full'] as const;
export type Detail = (typeof DETAILS)[number];

export interface ReplyOptions {
  readonly detail: Detail;
  /** Servers, as the namespace shows them, that ask this principal to sign in first. */
  readonly needsSignIn: (server: string) => boolean;
  /** Whose word that they only read counts; without it, everybody's. */
  readonly isTrustedToRead?: (tool: SearchableTool) => boolean;
}

export interface SearchReply {
  readonly text: string;
  /** Rows by band: `{ exact?, strong?, weak?: [{ id, use | definition, flags?, alts? }], note? }`. */
  readonly structured: JsonObject;
}

const ALTERNATIVES_MAX = 3;
/** A row with a long name or signature says less beside it, so that a reply costs much the same whatever it found. */
const ROW_CHARS = 118;
const ABOUT_CHARS_MIN = 32;
const ABOUT_CHARS_MAX = 72;
const QUERY_CHARS_SHOWN = 60;
const LIST_ALL_HINT = 'Try other words: action, object, product.';

export function toSearchReply(answers: readonly QueryAnswer[], options: ReplyOptions): SearchReply {
  const shown = new Set<string>();
  const blocks: string[] = [];
  const rows: Record<Band, JsonObject[]> = { exact: [], strong: [], weak: [] };
  const notes: string[] = [];
  for (const answer of answers) {
    const fresh = answer.found.filter(({ tool }) => !shown.has(tool.exposed));
    const repeated = answer.found.filter(({ tool }) => shown.has(tool.exposed)).map(({ tool }) => tool.exposed);
    for (const { tool } of fresh) shown.add(tool.exposed);
    const note = noteOf(answer);
    const title = answers.length > 1 ? `# ${answer.query.replace(/\s+/gu, ' ').slice(0, QUERY_CHARS_SHOWN).toWellFormed()}` : '';
    const above = repeated.length > 0 ? `also, above: ${repeated.join(', ')}` : '';
    blocks.push([title, note, ...lines(fresh, options), above].filter((line) => line !== '').join('\n'));
    if (note !== '') notes.push(answers.length > 1 ? `${answer.query.slice(0, QUERY_CHARS_SHOWN).toWellFormed()}: ${note}` : note);
    for (const found of fresh) rows[found.band].push(structuredRow(found, options));
  }
  return { text: blocks.join('\n\n'), structured: { ...withoutEmpty(rows), ...(notes.length > 0 ? { note: notes.join('\n') } : {}) } };
}

function withoutEmpty(rows: Readonly<Record<Band, readonly JsonObject[]>>): JsonObject {
  return Object.fromEntries(Object.entries(rows).filter(([, list]) => list.length > 0));
}

function noteOf({ found, nearestServers }: QueryAnswer): string {
  if (found.length === 0) return `Nothing found. ${LIST_ALL_HINT}`;
  if (nearestServers.length === 0) return '';
  return `No strong match. Nearest servers: ${nearestServers.map(({ name }) => name).join(', ')}.`;
}

/** Rows under a line for each band; bands never mix, since rows stand by score. */
function lines(found: readonly FoundTool[], options: ReplyOptions): string[] {
  return found.flatMap((row, at) => {
    const text = options.detail === 'full' ? JSON.stringify(row.tool.definition) : textRow(row, options);
    return row.band === found[at - 1]?.band ? [text] : [`${row.band}:`, text];
  });
}

function textRow(row: FoundTool, options: ReplyOptions): string {
  const { exposed } = row.tool;
  if (options.detail === 'name') return exposed;
  const flags = flagsOf(row, options);
  const text = `${exposed}${useOf(row)}${flags.length > 0 ? ` [${flags.join(', ')}]` : ''}`;
  const others = alternativesOf(row, ROW_CHARS - text.length);
  const more = row.alternatives.length - others.length;
  const alike = [...others, ...(more > 0 ? [`+${more}`] : [])];
  return alike.length > 0 ? `${text} alts: ${alike.join(', ')}` : text;
}

function structuredRow(row: FoundTool, options: ReplyOptions): JsonObject {
  const { exposed, definition } = row.tool;
  if (options.detail === 'name') return { id: exposed };
  const flags = flagsOf(row, options);
  const others = alternativesOf(row, Number.POSITIVE_INFINITY);
  const body: JsonObject = options.detail === 'full' ? { definition } : { use: useOf(row) };
  return { id: exposed, ...body, ...(flags.length > 0 ? { flags } : {}), ...(others.length > 0 ? { alts: others } : {}) };
}

/** Signature and first sentence, as much of it as there is room for. */
function useOf({ tool }: FoundTool): string {
  const signature = signatureOf(tool.definition);
  const room = ROW_CHARS - tool.exposed.length - signature.length;
  return `${signature} ${aboutOf(tool.definition, Math.min(ABOUT_CHARS_MAX, Math.max(ABOUT_CHARS_MIN, room)))}`.trimEnd();
}

function aboutOf(definition: JsonObject, charsMax: number): string {
  const { description, title } = definition;
  if (typeof description === 'string' && description.trim() !== '') return firstSentence(description, charsMax);
  return typeof title === 'string' ? firstSentence(title, charsMax) : '';
}

/** What the server itself says of the tool; hints, not promises (specification, server/tools, "Tool Annotations"). */
function flagsOf(row: FoundTool, options: ReplyOptions): string[] {
  const annotations = row.tool.definition['annotations'];
  const flags: string[] = [];
  if (isObject(annotations) && annotations['readOnlyHint'] === true && options.isTrustedToRead?.(row.tool) !== false) flags.push('read-only');
  else if (isObject(annotations) && annotations['destructiveHint'] === true) flags.push('destructive');
  if (options.needsSignIn(row.server.name)) flags.push('needs sign-in');
  return flags;
}

/** The first few, as long as they fit. */
function alternativesOf(row: FoundTool, charsMax: number): string[] {
  const names = row.alternatives.slice(0, ALTERNATIVES_MAX).map(({ exposed }) => exposed);
  let chars = 0;
  const over = names.findIndex((name) => (chars += name.length + 2) > charsMax);
  return over < 0 ? names : names.slice(0, over);
}
