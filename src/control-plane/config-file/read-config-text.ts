/** The text of a configuration file, YAML or JSON, as a checked document that remembers where everything stands. */
import { basename } from 'node:path';
import { isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from 'yaml';
import { type ConfigDocument, parseConfigDocument } from '../../model/config-document.ts';
import { configInvalid, type ConfigPath, type ConfigProblem, type Locate, type SourcePosition } from '../../model/config-problem.ts';
import { fromForeignConfig } from '../../model/foreign-config.ts';
import { isObject, type JsonObject } from '../../protocol/messages.ts';
import { blankComments } from './blank-comments.ts';

/** A text that was read and not checked yet. */
export interface ConfigText {
  readonly text: string;
  /** As it was written, before defaults; of a client's file, in the form of ours. */
  readonly input: JsonObject;
  /** What a person should know: mapped names, fields that are not read. */
  readonly warnings: readonly string[];
  /** Where a path of `document` stands in the text. */
  readonly locate: Locate;
}

export interface ConfigSource extends ConfigText {
  readonly document: ConfigDocument;
}

/** As `readConfigInput`, and checked as a document that is whole by itself. Throws `config.invalid` with every problem, each with line and column. */
export function readConfigText(text: string, name: string): ConfigSource {
  const read = readConfigInput(text, name);
  return { ...read, document: parseConfigDocument(read.input, read.locate) };
}

/**
 * `name` tells JSON (`.json`, `.jsonc`), where comments are accepted as editors write them, from YAML.
 * Throws `config.invalid` for what cannot be read as an object, with line and column.
 */
export function readConfigInput(text: string, name: string): ConfigText {
  const lines = new LineCounter();
  const source = /\.jsonc?$/i.test(name) ? blankComments(text) : text;
  const parsed = parseDocument(source.replace(/^\uFEFF/, ''), { lineCounter: lines, prettyErrors: false, stringKeys: true });
  if (parsed.errors.length > 0) throw configInvalid(parsed.errors.map((error) => syntaxProblem(error, lines)));

  const locateSource = locator(parsed.contents, lines);
  const reserved = findReservedKeys(parsed.contents, [], locateSource);
  if (reserved.length > 0) throw configInvalid(reserved);

  // Each alias may stand for a whole tree; the limit keeps a small file from becoming a huge one.
  const value: unknown = parsed.toJS({ maxAliasCount: 100 });
  const foreign = fromForeignConfig(value, basename(name));
  const locate: Locate = foreign === undefined ? locateSource : (path, part) => locateSource(foreign.toSource(path), part);
  const input = foreign?.value ?? value ?? {};
  if (!isObject(input)) throw configInvalid([{ path: '', line: locate([], 'value')?.line, column: locate([], 'value')?.column, message: `expected object, received ${Array.isArray(input) ? 'array' : typeof input}` }]);
  return { text, input, warnings: foreign?.warnings ?? [], locate };
}

function syntaxProblem(error: { readonly message: string; readonly pos: readonly [number, number] }, lines: LineCounter): ConfigProblem {
  const { line, col } = lines.linePos(error.pos[0]);
  return { path: '', line, column: col, message: error.message };
}

/** `__proto__` is dropped on the way to an object, so it could vanish without a word. */
function findReservedKeys(node: unknown, path: ConfigPath, locate: Locate): ConfigProblem[] {
  if (isSeq(node)) return node.items.flatMap((item, index) => findReservedKeys(item, [...path, index], locate));
  if (!isMap(node)) return [];
  return node.items.flatMap((pair) => {
    const at = [...path, keyOf(pair)];
    if (keyOf(pair) !== '__proto__') return findReservedKeys(pair.value, at, locate);
    const position = locate(at, 'key');
    return [{ path: at.join('.'), line: position?.line, column: position?.column, message: 'expected another key: __proto__ is reserved' }];
  });
}

/** Positions by path. What is not in the text (a missing field, a filled-in default) stands where its parent does. */
function locator(root: unknown, lines: LineCounter): Locate {
  return (path, part) => {
    let node: unknown = root;
    let position = positionOf(root, lines);
    for (const [index, step] of path.entries()) {
      const isLast = index === path.length - 1;
      const pair = isMap(node) ? node.items.find((candidate) => keyOf(candidate) === String(step)) : undefined;
      node = pair !== undefined ? pair.value : isSeq(node) ? node.items[Number(step)] : undefined;
      if (node === undefined) return position;
      // A block collection begins on the line after its key; the key is the better place to point at.
      const wantsKey = pair !== undefined && ((isLast && part === 'key') || !isScalar(node));
      position = positionOf(wantsKey ? pair.key : node, lines) ?? position;
    }
    return position;
  };
}

function keyOf(pair: Pair): string {
  return String(isScalar(pair.key) ? pair.key.value : pair.key);
}

function positionOf(node: unknown, lines: LineCounter): SourcePosition | undefined {
  const range = (node as Node | null)?.range;
  if (!range) return undefined;
  const { line, col } = lines.linePos(range[0]);
  return { line, column: col };
}
