/**
 * What is wrong with a server and what to do, out of its state. The causes are told by what servers, shells and
 * runtimes are known to say; the first that fits is taken, so the order is from the particular to the general.
 */
import type { ServerState } from '../contract/servers.ts';
import { editDistance } from './nearest.ts';
import { stderrLines } from './server-stderr.ts';

export interface Diagnosis {
  readonly server: string;
  readonly isHealthy: boolean;
  /** What was seen; undefined when nothing is wrong. */
  readonly problem: string | undefined;
  /** What to do next, in the imperative. */
  readonly advice: readonly string[];
}

interface Cause {
  readonly sign: RegExp;
  readonly advice: (server: ServerState, match: RegExpExecArray) => string;
}

const CAUSES: readonly Cause[] = [
  {
    sign: /\bENOENT\b|command not found|is not recognized as an internal|cannot be found|no such file/i,
    advice: () => 'Its command or a file it needs is not there: install it, or give the absolute path in `command`.',
  },
  { sign: /\bEACCES\b|permission denied/i, advice: () => 'A file may not be read or run: check its permissions for the user who runs the gateway.' },
  {
    sign: /Cannot find (?:module|package) ['"]?([^'"\s]+)|ModuleNotFoundError: No module named ['"]?([^'"\s]+)/,
    advice: (_server, match) => `It lacks the package ${match[1] ?? match[2] ?? ''}: install it where the server runs.`,
  },
  {
    sign: /\b404 Not Found\b.*registry|E404|No matching distribution|not in this registry/i,
    advice: () => 'Its package is not in the registry: check the name and version in `args`.',
  },
  {
    sign: /\b401\b|unauthori[sz]ed|invalid (?:api[ _-]?)?(?:key|token)|authentication (?:failed|required)/i,
    advice: () => 'It refuses the credentials: check `headers` or `env`, or sign in again.',
  },
  { sign: /\b403\b|forbidden/i, advice: () => 'Its credentials do not reach far enough: check what the token is allowed to do.' },
  {
    sign: /\bECONNREFUSED\b/,
    advice: () => 'Nobody listens at its address: start that server, or correct `url`. In a container, 127.0.0.1 is the container itself.',
  },
  { sign: /\bENOTFOUND\b|\bEAI_AGAIN\b|getaddrinfo/, advice: () => 'Its host name is not known: check `url`, and DNS on this machine.' },
  { sign: /certificate|\bCERT_|self[- ]signed|\bTLS\b|SSL/, advice: () => 'Its certificate is not trusted: add the authority with NODE_EXTRA_CA_CERTS.' },
  { sign: /egress|address (?:is )?not allowed/i, advice: () => 'The gateway does not dial this address: an operator must write it in `url` literally.' },
  { sign: /\b404\b|\b405\b/, advice: () => 'There is no MCP server at that path: check `url` (often it ends in /mcp or /sse) and `type`.' },
  {
    sign: /timed? ?out|\bETIMEDOUT\b|deadline/i,
    advice: (server) =>
      server.type === 'stdio'
        ? 'It did not answer in time: run its command by hand; a first start that downloads may need a longer start deadline.'
        : 'It did not answer in time: check that its host can be reached from here.',
  },
  { sign: /not (?:valid )?JSON|Unexpected token|protocol/i, advice: () => 'It writes something else than JSON-RPC to stdout: send its log to stderr.' },
  {
    sign: /exit(?:ed)?\b|closed|ended|SIG[A-Z]+/i,
    advice: (server) => `Its process ended: what it said last is above; see more with: metamcp servers ${server.name}`,
  },
];

/** `env` is searched for names that were meant by a `${NAME}` that has no value. */
export function diagnose(server: ServerState, env: Readonly<Record<string, string | undefined>>): Diagnosis {
  const more = `See: metamcp servers ${server.name}`;
  const found = (problem: string, ...advice: readonly string[]): Diagnosis => ({ server: server.name, isHealthy: false, problem, advice });
  const [warning] = server.warnings;
  switch (server.status) {
    case 'ready':
      return warning === undefined ? { server: server.name, isHealthy: true, problem: undefined, advice: [] } : found(warning, more);
    case 'connecting':
      return found(server.lastError ?? 'It is still connecting.', 'Wait for its start, then run metamcp doctor again.');
    case 'stopped':
      return found(server.lastError ?? 'It is stopped.', `Start it with: metamcp servers restart ${server.name}`);
    case 'degraded':
    case 'failed': {
      const tail = stderrLines(server);
      return found(server.lastError ?? warning ?? tail.at(-1) ?? `It is ${server.status}.`, ...adviceForFailure(server, tail, Object.keys(env)));
    }
  }
}

function adviceForFailure(server: ServerState, tail: readonly string[], names: readonly string[]): readonly string[] {
  const gaps = missingNames([server.lastError ?? '', ...server.warnings].join('\n'));
  if (gaps.length > 0) return gaps.map((name) => adviceForGap(name, names));
  const said = [server.lastError ?? '', ...tail].join('\n');
  for (const cause of CAUSES) {
    const match = cause.sign.exec(said);
    if (match !== null) return [cause.advice(server, match), again(server)];
  }
  return [`See what it says with: metamcp servers ${server.name}`, again(server)];
}

function again(server: ServerState): string {
  return `Then: metamcp servers restart ${server.name}`;
}

/** Names of `${NAME}` references that an error message speaks of. */
export function missingNames(text: string): readonly string[] {
  return [...new Set([...text.matchAll(/\$\{(?:secret:)?([A-Za-z_][A-Za-z0-9_]*)\}/g)].map((match) => match[1] ?? ''))];
}

function adviceForGap(name: string, known: readonly string[]): string {
  const near = similarNames(name, known);
  const base = `Set ${name} where the gateway starts (or in its .env file)`;
  return near.length === 0
    ? `${base}.`
    : `${base}; here ${near.join(' and ')} ${near.length === 1 ? 'is' : 'are'} set: did you mean ${near.length === 1 ? 'that' : 'one of them'}?`;
}

const COMMON_WORDS = new Set([
  'API',
  'KEY',
  'TOKEN',
  'SECRET',
  'ACCESS',
  'PERSONAL',
  'URL',
  'ID',
  'PASSWORD',
  'AUTH',
  'CLIENT',
  'HOST',
  'PORT',
  'USER',
  'PATH',
  'DATA',
  'NAME',
]);

/** Names that differ by a few letters, or share a telling word: GITHUB_TOKEN for GITHUB_PERSONAL_ACCESS_TOKEN. Three at most. */
export function similarNames(name: string, known: readonly string[]): readonly string[] {
  const words = tellingWords(name);
  const scored = known.flatMap((candidate) => {
    if (candidate === name) return [];
    const distance = editDistance(name.toUpperCase(), candidate.toUpperCase());
    const shares = tellingWords(candidate).some((word) => words.includes(word));
    return shares || distance <= Math.max(1, Math.floor(name.length / 4)) ? [{ candidate, distance }] : [];
  });
  return scored
    .toSorted((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

function tellingWords(name: string): readonly string[] {
  return name
    .toUpperCase()
    .split('_')
    .filter((word) => word.length > 2 && !COMMON_WORDS.has(word));
}
