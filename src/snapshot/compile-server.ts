/** One server of the configuration, with everything filled in. */
import { TIMER_MS_MAX } from '../base/clock.ts';
import { isPerPrincipal } from '../model/server-auth.ts';
import { toServerAuth } from '../model/server-auth-config.ts';
import { isPrincipalTemplate } from '../model/principal-template.ts';
import { isServerEnabled, type ServerConfig, serverTypeOf } from '../model/server-config.ts';
import type { ServerSpec } from '../model/server.ts';
import { isPlaceholder, SECRET_NAME } from '../model/weak-secret.ts';
import { canonicalJson } from '../protocol/canonical.ts';
import type { CompileContext, Findings } from './compile-context.ts';

export function compileServer(name: string, server: ServerConfig, context: CompileContext): ServerSpec {
  const { findings, options } = context;
  checkSecrets(name, server, context);
  const auth = server.auth && toServerAuth(server.auth);
  const owner = options.ownerOf?.(name);
  const headers = server.bearerToken === undefined ? server.headers : { ...server.headers, Authorization: `Bearer ${server.bearerToken}` };
  // What a user owns is sent as it is written.
  const principalHeaders = Object.fromEntries(Object.entries(headers).filter(([, value]) => owner === undefined && isPrincipalTemplate(value)));
  const isPersonal = isPerPrincipal(auth) || Object.keys(server.forwardHeaders).length + Object.keys(principalHeaders).length > 0;
  const spec = {
    name,
    type: serverTypeOf(server) ?? 'stdio',
    command: absoluteCommand(name, server, context),
    args: server.args,
    env: server.env,
    cwd: server.cwd,
    inheritEnv: server.inheritEnv,
    url: server.url ?? '',
    headers: Object.fromEntries(Object.entries(headers).filter(([header]) => !Object.hasOwn(principalHeaders, header))),
    proxy: server.proxy,
    auth,
    forwardHeaders: Object.fromEntries(Object.entries(server.forwardHeaders).map(([from, to]) => [from.toLowerCase(), to.toLowerCase()])),
    principalHeaders: Object.fromEntries(Object.entries(principalHeaders).map(([header, value]) => [header.toLowerCase(), value])),
    revision: server.revision,
    // What one principal may see there, another must not find in a connection that both use.
    isolation: isPersonal && server.isolation === 'auto' ? ('per-principal' as const) : server.isolation,
    startTimeoutMs: clampMs(name, 'startTimeoutMs', server.startTimeoutMs, findings),
    resultBytesMax: server.resultBytesMax,
    owner,
  };
  return {
    ...spec,
    // Of the fields below nothing is built into a connection: they may change under it.
    fingerprint: options.digest(canonicalJson(spec)),
    idleConnections: server.idleConnections,
    callTimeoutMs: clampMs(name, 'callTimeoutMs', server.callTimeoutMs, findings),
    idleTimeoutMs: clampMs(name, 'idleTimeoutMs', server.idleTimeoutMs, findings),
    isRequired: server.required,
    description: server.description,
    trustsAnnotations: server.trustAnnotations,
    tags: [...server.tags, ...server.capabilities],
  };
}

/** A command with `${…}` is looked up when it is resolved, by who starts it. */
function absoluteCommand(name: string, server: ServerConfig, { options, findings }: CompileContext): string {
  const { command } = server;
  if (command === undefined || command.includes('${')) return command ?? '';
  const found = options.findCommand(command, { cwd: server.cwd, path: server.env['PATH'] });
  if (found === undefined && isServerEnabled(server)) findings.warnings.push(`server "${name}": its command was not found on this machine`);
  return found ?? command;
}

/** Node fires a timer at once that is longer than 2^31-1 ms. */
function clampMs(server: string, field: string, ms: number, findings: Findings): number {
  if (ms <= TIMER_MS_MAX) return ms;
  findings.warnings.push(`server "${server}": ${field} is cut to ${TIMER_MS_MAX}, the longest time a timer can wait`);
  return TIMER_MS_MAX;
}

function checkSecrets(name: string, server: ServerConfig, { options, findings }: CompileContext): void {
  const secrets = [
    ...Object.entries(server.env).map(([key, value]) => ({ path: ['env', key], key, value })),
    ...Object.entries(server.headers).map(([key, value]) => ({ path: ['headers', key], key, value })),
    { path: ['bearerToken'], key: 'bearerToken', value: server.bearerToken ?? '' },
  ];
  for (const { path, key, value } of secrets) {
    if (!SECRET_NAME.test(key) || !isPlaceholder(value)) continue;
    if (options.isProduction === true) findings.problems.push({ path: ['servers', name, ...path], part: 'value', message: 'expected a real secret, not a placeholder' });
    else findings.warnings.push(`server "${name}": ${path.join('.')} looks like a placeholder`);
  }
}
