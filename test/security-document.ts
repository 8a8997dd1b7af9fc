/** docs/security.md, written from what is promised and from the tests that name it. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isSecond, REQUIREMENTS, type Requirement } from './requirements.ts';

const ROOT = dirname(import.meta.dirname);
const FILES_SHOWN = 3;

/** Paths of test files by the ids that stand in brackets in them. */
export function citations(): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  const files = ['src', 'test', 'ui'].flatMap((folder) => readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((path) => `${folder}/${path}`));
  for (const path of files.filter((one) => one.endsWith('.test.ts')).sort()) {
    const ids = new Set([...readFileSync(join(ROOT, path), 'utf8').matchAll(/\[([A-Z]{2,3}-\d{2,3})\]/g)].map(([, id]) => id ?? ''));
    for (const id of ids) found.set(id, [...(found.get(id) ?? []), path]);
  }
  return found;
}

interface Risk {
  readonly id: string;
  readonly name: string;
  /** Promises that hold it off. */
  readonly promises: readonly string[];
}

/** OWASP API Security Top 10, 2023. */
export const API_RISKS: readonly Risk[] = [
  { id: 'API1', name: 'Broken object level authorization', promises: ['TN-01', 'TN-06', 'AZ-09', 'SS-02', 'SS-10', 'OC-06'] },
  { id: 'API2', name: 'Broken authentication', promises: ['AZ-01', 'AZ-02', 'AZ-03', 'AZ-18', 'AD-02', 'AD-04', 'AD-05', 'KS-01'] },
  { id: 'API3', name: 'Broken object property level authorization', promises: ['TN-02', 'TN-03', 'KS-04'] },
  { id: 'API4', name: 'Unrestricted resource consumption', promises: ['RL-01', 'RL-02', 'RL-06', 'RL-07', 'RL-08', 'RL-10', 'RL-13', 'RL-15', 'RL-16', 'ST-11'] },
  { id: 'API5', name: 'Broken function level authorization', promises: ['AZ-13', 'TN-04', 'ST-01', 'AZ-09'] },
  { id: 'API6', name: 'Unrestricted access to sensitive business flows', promises: ['TL-13', 'AS-11', 'RL-08', 'RL-15', 'AD-07'] },
  { id: 'API7', name: 'Server side request forgery', promises: ['SF-01', 'SF-02', 'SF-03', 'SF-04', 'SF-05', 'SF-06', 'SF-07', 'SF-08', 'SF-11', 'OC-08'] },
  { id: 'API8', name: 'Security misconfiguration', promises: ['TR-01', 'TR-02', 'TR-03', 'TR-06', 'TR-07', 'TR-08', 'AD-03', 'OP-05', 'KS-08', 'SF-12'] },
  { id: 'API9', name: 'Improper inventory management', promises: ['TN-07', 'AZ-13', 'AZ-19', 'TR-15'] },
  { id: 'API10', name: 'Unsafe consumption of APIs', promises: ['TN-08', 'TL-02', 'TL-05', 'TL-06', 'TL-08', 'TL-10', 'SF-06', 'OC-02', 'TR-26'] },
];

export function toSecurityDocument(cited: ReadonlyMap<string, readonly string[]>): string {
  const isProven = ({ id, notYet }: Requirement): boolean => notYet === undefined && cited.has(id);
  const proven = REQUIREMENTS.filter(isProven);
  const open = REQUIREMENTS.filter((one) => !isProven(one));
  const table = (rows: readonly Requirement[]): string[] => ['| | promise | asked for by | shown by |', '|---|---|---|---|', ...rows.map(({ id, text, source }) => `| ${id} | ${cell(text)} | ${cell(source)} | ${files(cited.get(id) ?? [])} |`)];
  const lines = [
    '# What is promised, and what shows it',
    '',
    'Written from `test/requirements.ts` and from the tests that name its ids; `npm test -- test/security-document.test.ts -u` writes it anew, and a test',
    'fails where it is out of date. How to report a weakness is said in [SECURITY.md](../SECURITY.md).',
    '',
    `${proven.length} of ${REQUIREMENTS.length} promises are shown by at least one test: ${count(proven, false)} of ${count(REQUIREMENTS, false)} that every release must keep, ${count(proven, true)} of ${count(REQUIREMENTS, true)} of second rank.`,
    '',
    '## Kept in every release',
    '',
    ...table(proven.filter((one) => !isSecond(one))),
    '',
    '## Of second rank',
    '',
    ...table(proven.filter(isSecond)),
    '',
    '## Open',
    '',
    '| | rank | promise | why it is open |',
    '|---|---|---|---|',
    ...open.map((one) => `| ${one.id} | ${isSecond(one) ? 'second' : 'first'} | ${cell(one.text)} | ${cell(one.notYet ?? 'no test names it yet')} |`),
    '',
    '## OWASP API Security Top 10 (2023)',
    '',
    '| risk | held off by | shown by |',
    '|---|---|---|',
    ...API_RISKS.map(({ id, name, promises }) => `| ${id} ${name} | ${promises.join(', ')} | ${files([...new Set(promises.flatMap((promise) => cited.get(promise)?.[0] ?? []))], promises.length)} |`),
  ];
  return `${lines.join('\n')}\n`;
}

function count(some: readonly Requirement[], second: boolean): number {
  return some.filter((one) => isSecond(one) === second).length;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function files(paths: readonly string[], shown = FILES_SHOWN): string {
  const named = paths.slice(0, shown).map((path) => `\`${path}\``);
  return [...named, ...(paths.length > shown ? [`${paths.length - shown} more`] : [])].join(', ');
}
