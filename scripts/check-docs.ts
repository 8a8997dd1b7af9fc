/**
 * Fails where a document names a path, fault code, npm script or `metamcp` command that does not exist: a document
 * that lies is worse than none. Looks only at what stands in code marks or in links.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { FAULTS } from '../src/base/fault.ts';
import { parseInvocation } from '../src/cli/command.ts';
import { COMMANDS } from '../src/cli/commands.ts';
import type { CliHost } from '../src/cli/host.ts';
import { SETTING_SOURCES } from '../src/config.ts';

const ROOT_DOCUMENTS = ['README.md', 'README.zh.md', 'CONTRIBUTING.md', 'AGENTS.md', 'SECURITY.md'];
/** Top folders and endings that make a word in code marks a claim about a file of ours. */
const OUR_PATH = /^(?:src|test|scripts|bin|bench|docs|ui|examples|\.ci)\/[\w./@-]*$|^[\w.-]+\.(?:ts|mjs|md|jsonc?|ya?ml)$/;
const FAULT_GROUPS = new Set(Object.keys(FAULTS).map((code) => code.split('.')[0]));
/** Files of a running gateway or of a user, which are not in the repository. */
const ELSEWHERE = new Set([
  'gateway.json',
  'sign-ins.json',
  'server.json',
  'flows.yaml',
  'audit-head.json',
  'catalogue.json',
  'metamcp.yaml',
  'metamcp.json',
  'claude_desktop_config.json',
  'openapi.json',
  'catalog.json',
  'mcp.json',
  'servers.json',
  '.mcp.json',
  'mcp_config.json',
  'mcp_settings.json',
  'metamcp-servers.json',
  'settings.json',
  'config.yaml',
]);

interface Claim {
  readonly document: string;
  readonly line: number;
  readonly text: string;
}

/** What the documents claim wrongly, one line each; empty where all is true. */
export function findLies(documents: readonly string[]): string[] {
  const claims = documents.flatMap(readClaims);
  return claims.flatMap((claim) => {
    const complaint = contradiction(claim);
    return complaint === undefined ? [] : [`${claim.document}:${claim.line}: ${complaint}`];
  });
}

export function listDocuments(): string[] {
  const below = readdirSync('docs', { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.md'));
  return [...ROOT_DOCUMENTS.filter((path) => existsSync(path)), ...below.map((path) => join('docs', path)).toSorted()];
}

function readClaims(document: string): Claim[] {
  const claims: Claim[] = [];
  let isInFence = false;
  for (const [index, line] of readFileSync(document, 'utf8').split('\n').entries()) {
    if (line.startsWith('```')) isInFence = !isInFence;
    const marked = isInFence ? commandsOf(line) : [...line.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
    const linked = isInFence ? [] : [...line.matchAll(/\]\(([^)]+)\)/g)].map((match) => `link:${match[1]}`);
    for (const text of [...marked, ...linked]) claims.push({ document, line: index + 1, text });
  }
  return claims;
}

/** In a block only commands are claims: the rest may be a picture, JSON or a transcript. */
function commandsOf(line: string): string[] {
  return /^\s*(?:\$ )?(?:npm|npx|metamcp) /.test(line) ? [line.trim().replace(/^\$ /, '').split(/\s+#/)[0] ?? ''] : [];
}

function contradiction({ document, text }: Claim): string | undefined {
  if (text.startsWith('link:')) return checkLink(document, text.slice('link:'.length));
  const script = /^npm (?:run ([\w:-]+)|(start|test)\b)/.exec(text);
  if (script) return checkScript(script[1] ?? script[2] ?? '');
  if (/^metamcp [a-z]/.test(text)) return checkCommand(text);
  if (isFaultCode(text)) return text in FAULTS ? undefined : `there is no fault code ${text}`;
  return checkPath(document, text.replace(/:\d+$/, ''));
}

function isFaultCode(text: string): boolean {
  return /^[a-z]+\.[a-z_]+$/.test(text) && FAULT_GROUPS.has(text.split('.')[0]) && !/\.(?:ts|md|mjs|json|jsonc|yaml)$/.test(text);
}

function checkPath(document: string, path: string): string | undefined {
  if (!OUR_PATH.test(path) || ELSEWHERE.has(path)) return undefined;
  return exists(path) || exists(join(dirname(document), path)) ? undefined : `there is no ${path}`;
}

function checkLink(document: string, target: string): string | undefined {
  if (/^[a-z]+:/.test(target)) return undefined;
  const [file = '', anchor] = target.split('#');
  const path = file === '' ? document : normalize(join(dirname(document), file));
  if (!exists(path)) return `the link leads nowhere: ${target}`;
  if (anchor === undefined || !path.endsWith('.md')) return undefined;
  return slugsOf(readFileSync(path, 'utf8')).includes(anchor) ? undefined : `the page has no such heading: ${target}`;
}

/** Anchors of a document's headings in their order, as the usual hosts make them: lower case, hyphens, no punctuation; repeated ones are counted. */
export function slugsOf(markdown: string): readonly string[] {
  const counts = new Map<string, number>();
  return [...markdown.replaceAll(/^```.*?^```$/gms, '').matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => {
    const slug = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').trim().replaceAll(/\s/g, '-');
    const count = counts.get(slug) ?? 0;
    counts.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  });
}

function checkScript(name: string): string | undefined {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
  return name in scripts ? undefined : `there is no npm script ${name}`;
}

/** Words as a shell splits them, as far as documents write them; what a shell does with the outcome is left out. */
function wordsOf(text: string): string[] {
  return [...(text.split(/\s(?:[|>#]|\d?>)\s?/)[0] ?? '').matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, single, double, plain]) => single ?? double ?? plain ?? '');
}

/** Read as the program would: command, flags, number of words. */
function checkCommand(text: string): string | undefined {
  const [, name = '', ...rest] = wordsOf(text);
  if (name === 'help') return undefined;
  const command = COMMANDS.find((candidate) => candidate.name === name);
  if (command === undefined) return `there is no command metamcp ${name}`;
  if (command.isRaw) return checkSettings(rest, Object.keys(command.flags));
  try {
    parseInvocation(command, rest, {} as CliHost);
    return undefined;
  } catch (refusal) {
    return refusal instanceof Error ? refusal.message : String(refusal);
  }
}

/** `serve` reads its flags itself: each is one of its own or a setting's. */
function checkSettings(words: readonly string[], own: readonly string[]): string | undefined {
  const known = new Set([...own, ...Object.values(SETTING_SOURCES).flatMap(({ flag }) => [flag, `no-${flag}`])]);
  const unknown = words.filter((word) => word.startsWith('--')).map((word) => word.slice(2).split('=')[0] ?? '').find((flag) => !known.has(flag));
  return unknown === undefined ? undefined : `metamcp serve has no flag --${unknown}`;
}

function exists(path: string): boolean {
  if (existsSync(path)) return true;
  // A bare name may be a file anywhere in the sources.
  return (
    !path.includes('/') &&
    ['src', 'test', 'scripts', 'bench', 'docs'].some((folder) => tree(folder).some((found) => found.endsWith(`/${path}`) || found === path))
  );
}

const trees = new Map<string, readonly string[]>();
function tree(folder: string): readonly string[] {
  const known = trees.get(folder) ?? (existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : []);
  trees.set(folder, known);
  return known;
}

if (import.meta.main) {
  const lies = findLies(listDocuments());
  for (const lie of lies) console.error(lie);
  process.exitCode = lies.length === 0 ? 0 : 1;
}
