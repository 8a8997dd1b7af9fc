/** `metamcp serve`: settings, the configuration file or a first run, the gateway, and what is told once it is ready. */
import { flushCompileCache } from 'node:module';
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { keepAlive, systemClock } from './base/clock.ts';
import { Fault } from './base/fault.ts';
import { systemRandom } from './base/ids.ts';
import { readEnvironment, type ResolvedSettings, resolveSettings, SETTING_SOURCES } from './config.ts';
import { compileSource, readConfigFile } from './control-plane/config-file/load-config-file.ts';
import { type Gateway, startGateway } from './gateway.ts';
import type { GatewayOptions } from './wiring/gateway-base.ts';
import { loadMiddlewareModules } from './wiring/middleware-modules.ts';
import { problemsOf, problemText } from './model/config-problem.ts';
import { firstRunDocument } from './model/first-run-document.ts';
import { createValues } from './snapshot/values.ts';
import { type ReadyFacts, readyLine, startMessage } from './start-message.ts';
import { leaveWorkers, type OwnPlace, placeOfWorker, runWorkers, settingsOfWorker, tellReady } from './wiring/workers.ts';

/** Calls get ten seconds to finish, servers some more to end. */
const STOP_MS_MAX = 60_000;

interface Output {
  write(text: string): unknown;
}

export interface ServeCommandDeps {
  readonly version: string;
  /** How to start this program again. */
  readonly selfCommand: readonly [file: string, ...args: string[]];
  readonly stdout: Output;
  readonly stderr: Output;
}

/** Runs until `stopping` is aborted; resolves with the exit code. */
export function createServeCommand(deps: ServeCommandDeps): (args: readonly string[], stopping: AbortSignal) => Promise<number> {
  return async (args, stopping) => {
    const say = (line: string): void => void deps.stderr.write(`${line}\n`);
    try {
      const place = await placeOfWorker();
      const { options, flags } = await prepare(args, deps, say, place);
      if (place === undefined && options.resolved.settings.workers > 1) return await runWorkers({ settings: options.resolved.settings, environment: options.environment(), clock: options.clock, random: options.random, say }, stopping);
      await loadMiddlewareModules(options.resolved.settings.middlewareModules, systemClock);
      const gateway = await startGateway(options);
      const facts = readyFacts(gateway, options);
      tellReady(gateway.url);
      // One of several speaks for all.
      if (place !== undefined && place.number > 1) say(`worker ${place.number} serves`);
      else if (options.resolved.settings.printJson) deps.stdout.write(`${readyLine(facts)}\n`);
      else deps.stdout.write(startMessage(facts, { selfCommand: deps.selfCommand, data: options.resolved.settings.data, flags }));
      // Also where this process will be killed: the next start is a quick one.
      flushCompileCache();
      await aborted(place === undefined ? stopping : AbortSignal.any([stopping, place.stopping]));
      say('stopping');
      await gateway.close().finally(keepAlive(STOP_MS_MAX));
      return 0;
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown;
      const problems = problemsOf(thrown).map(problemText);
      say(problems.length > 0 ? `The configuration is not valid:\n  ${problems.join('\n  ')}` : `${thrown.message}${thrown.detail === undefined ? '' : ` (${thrown.detail})`}`);
      return 1;
    } finally {
      leaveWorkers();
    }
  };
}

interface Prepared {
  readonly options: GatewayOptions;
  readonly flags: Readonly<Record<string, unknown>>;
}

async function prepare(args: readonly string[], deps: ServeCommandDeps, say: (line: string) => void, place: OwnPlace | undefined): Promise<Prepared> {
  const flags = readFlags(args);
  const envFile = typeof flags['env-file'] === 'string' ? flags['env-file'] : undefined;
  const environment = (): ReturnType<typeof readEnvironment> => readEnvironment(envFile);
  const before = resolveSettings({ flags, environment: environment() });
  const { configFile } = before.settings;
  const file = configFile === undefined ? undefined : await readConfigFile(configFile);
  const given: ResolvedSettings = file === undefined ? before : resolveSettings({ flags, environment: environment(), file: file.document.settings });
  const resolved = place === undefined ? given : { ...given, settings: settingsOfWorker(given.settings, place) };
  const sample = { command: process.execPath, args: [fileURLToPath(new URL('./sample/server.ts', import.meta.url))] };
  const ownFile = file === undefined || configFile === undefined ? undefined : { ...file, path: resolve(configFile) };
  return { flags, options: { resolved, file: ownFile, firstRun: firstRunDocument(sample), environment, clock: systemClock, random: systemRandom, version: deps.version, say, ...(place === undefined ? {} : { operatorToken: place.token }) } };
}

type Flags = Readonly<Record<string, string | boolean | string[] | undefined>>;

/** Throws `config.invalid` for a flag that there is not. */
function readFlags(args: readonly string[]): Flags {
  const options: Record<string, { type: 'string' | 'boolean'; multiple?: boolean }> = { 'env-file': { type: 'string' } };
  for (const { flag, kind } of Object.values(SETTING_SOURCES)) options[flag] = kind === 'boolean' ? { type: 'boolean' } : { type: 'string', multiple: kind === 'list' };
  try {
    return parseArgs({ args: [...args], options, allowNegative: true }).values as Flags;
  } catch (thrown) {
    const known = Object.keys(options).map((flag) => `--${flag}`);
    throw new Fault('config.invalid', { message: `${thrown instanceof Error ? thrown.message.split('. ')[0] : String(thrown)}. Flags of serve: ${known.join(' ')}` });
  }
}

function readyFacts(gateway: Gateway, { resolved, environment }: GatewayOptions): ReadyFacts {
  const { endpoints } = gateway.publisher.snapshot();
  const endpoint = endpoints.has('default') ? 'default' : [...endpoints.keys()][0];
  const base = resolved.settings.publicUrl[0]?.replace(/\/$/, '') ?? gateway.url;
  return {
    url: gateway.url,
    endpoint: endpoint ?? null,
    mcpUrl: endpoint === undefined ? null : `${base}/metamcp/${endpoint}/mcp`,
    key: endpoint === undefined || !needsKey(gateway, endpoint) ? null : (configuredKey(gateway, endpoint, environment()) ?? gateway.starterKey ?? null),
    adminLink: gateway.adminLink ?? null,
    pid: process.pid,
  };
}

function needsKey(gateway: Gateway, endpoint: string): boolean {
  return gateway.publisher.snapshot().endpoints.get(endpoint)?.auth.apiKey === true;
}

/** A key of the file whose value it holds, and that opens the endpoint. */
function configuredKey(gateway: Gateway, endpoint: string, environment: ReturnType<typeof readEnvironment>): string | undefined {
  const values = createValues(environment);
  for (const [name, key] of Object.entries(gateway.publisher.document().keys ?? {})) {
    const { value, endpoints } = key as { readonly value?: string; readonly endpoints?: readonly string[] };
    if (value !== undefined && (endpoints === undefined || endpoints.includes(endpoint))) return values(value, `key ${name}`);
  }
  return undefined;
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Problems of a configuration file, none where it is valid. Nothing is started and nothing is stored. */
export async function checkConfigFile(path: string): Promise<readonly string[]> {
  try {
    await loadMiddlewareModules(resolveSettings({ environment: readEnvironment() }).settings.middlewareModules, systemClock);
    const source = await readConfigFile(path);
    const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
    compileSource(source, { generation: 0, digest, keyDigest: digest, findCommand: (command) => command, environment: readEnvironment() });
    return [];
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    const problems = problemsOf(thrown).map(problemText);
    return problems.length > 0 ? problems : [thrown.detail ?? thrown.message];
  }
}
