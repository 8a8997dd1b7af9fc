/**
 * Holds the catalogues of the pages against each other and against the sources: every language has the same keys with
 * the same placeholders, and every text is said somewhere. (That every key which is said exists, the compiler checks.)
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Tree {
  readonly [key: string]: string | Tree;
}

/** What is wrong, one line each; empty where all is well. */
export function findTextProblems(ui: string): string[] {
  const [english, chinese] = [readCatalogue(join(ui, 'texts', 'en')), readCatalogue(join(ui, 'texts', 'zh'))];
  return [...differences(english, chinese), ...unsaid(english, readSources(ui))];
}

function differences(english: ReadonlyMap<string, string>, chinese: ReadonlyMap<string, string>): string[] {
  const problems: string[] = [];
  for (const key of new Set([...english.keys(), ...chinese.keys()])) {
    const [en, zh] = [english.get(key), chinese.get(key)];
    if (en === undefined || zh === undefined) problems.push(`${key}: missing in ${en === undefined ? 'en' : 'zh'}`);
    else if (placeholders(en) !== placeholders(zh)) problems.push(`${key}: other placeholders in zh than in en`);
    else if (zh.trim() === '' || en.trim() === '') problems.push(`${key}: empty`);
  }
  return problems;
}

function placeholders(text: string): string {
  return [...text.matchAll(/\{\{\s*(\w+)/g)].map(([, name]) => name).toSorted().join();
}

/** A key is said where a source names it, or where a template literal names what is in front of its last parts. */
function unsaid(catalogue: ReadonlyMap<string, string>, source: string): string[] {
  const keys = [...catalogue.keys()].map((key) => key.replace(/_(?:one|other)$/, ''));
  return [...new Set(keys)].filter((key) => !isSaid(key, source)).map((key) => `${key}: nobody says it`);
}

function isSaid(key: string, source: string): boolean {
  if (source.includes(`'${key}'`)) return true;
  const parts = key.split('.');
  return parts.some((_, index) => index > 0 && source.includes(`\`${parts.slice(0, index).join('.')}.\${`));
}

function readCatalogue(folder: string): Map<string, string> {
  const texts = new Map<string, string>();
  for (const file of readdirSync(folder)) {
    for (const [key, text] of leaves(JSON.parse(readFileSync(join(folder, file), 'utf8')) as Tree)) {
      if (texts.has(key)) throw new Error(`${key} is in two files of ${folder}`);
      texts.set(key, text);
    }
  }
  return texts;
}

function leaves(tree: Tree, prefix = ''): (readonly [key: string, text: string])[] {
  return Object.entries(tree).flatMap(([key, value]) => (typeof value === 'string' ? [[prefix + key, value] as const] : leaves(value, `${prefix}${key}.`)));
}

function readSources(ui: string): string {
  const files = readdirSync(ui, { recursive: true, encoding: 'utf8' }).filter((file) => /\.tsx?$/.test(file));
  return files.map((file) => readFileSync(join(ui, file), 'utf8')).join('\n');
}

if (import.meta.main) {
  const problems = findTextProblems('ui');
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
