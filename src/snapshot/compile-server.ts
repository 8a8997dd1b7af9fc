/** One server of the configuration, with everything filled in. */
import { TIMER_MS_MAX } from '../base/clock.ts';
import { type BuiltinServer, OperationFilterSchema, ResponseShapeSchema } from '../model/builtin-server.ts';
import { isPerPrincipal } from '../model/server-auth.ts';
import { toServerAuth } from '../model/server-auth-config.ts';
import { isPrincipalTemplate } from '../model/principal-template.ts';
import { isServerEnabled, type ServerConfig, serverTypeOf } from '../model/server-config.ts';
import type { ServerSpec } from '../model/server.ts';
import { readParameters } from '../model/template.ts';
import { isPlaceholder, SECRET_NAME } from '../model/weak-secret.ts';
import { canonicalJson } from '../protocol/canonical.ts';
import type { CompileContext, Findings } from './compile-context.ts';

export function compileServer(name: string, server: ServerConfig, context: CompileContext): ServerSpec {
  const { findings, options } = context;
  checkSecrets(name, server, context);
  const auth = server.auth && toServerAuth(server.auth);
  const type = serverTypeOf(server) ?? 'stdio';
  const isKeyed = type === 'orchestrator' || type === 'workflows';
  const isInner = isKeyed || type === 'openapi' || type === 'template';
  const builtin = compileBuiltin(name, server, context);
  const owner = options.ownerOf?.(name);
  const headers = server.bearerToken === undefined ? server.headers : { ...server.headers, Authorization: `Bearer ${server.bearerToken}` };
  // What a user owns is sent as it is written.
  const principalHeaders = Object.fromEntries(Object.entries(headers).filter(([, value]) => owner === undefined && isPrincipalTemplate(value)));
  const isPersonal = isPerPrincipal(auth) || Object.keys(server.forwardHeaders).length + Object.keys(principalHeaders).length > 0;
  const spec = {
    name,
    type,
    command: absoluteCommand(name, server, context),
    args: server.args,
    ...(server.integrity === undefined ? {} : { integrity: server.integrity }),
    ...placed(server),
    env: server.env,
    cwd: server.cwd,
    inheritEnv: server.inheritEnv,
    url: server.url ?? '',
    headers: Object.fromEntries(Object.entries(headers).filter(([header]) => !Object.hasOwn(principalHeaders, header))),
    proxy: server.proxy,
    auth,
    ...builtin,
    forwardHeaders: Object.fromEntries(Object.entries(server.forwardHeaders).map(([from, to]) => [from.toLowerCase(), to.toLowerCase()])),
    principalHeaders: Object.fromEntries(Object.entries(principalHeaders).map(([header, value]) => [header.toLowerCase(), value])),
    revision: isInner ? ('modern' as const) : server.revision,
    // What one principal may see there, another must not find in a connection that both use.
    isolation: isolationOf(server, { isKeyed, keepsState: isPersonal || keepsState(builtin.builtin) }),
    startTimeoutMs: clampMs(name, 'startTimeoutMs', server.startTimeoutMs, findings),
    resultBytesMax: server.resultBytesMax,
    owner,
  };
  return {
    ...spec,
    // Of the fields below nothing is built into a connection: they may change under it.
    fingerprint: options.digest(canonicalJson(spec)),
    // What is opened for one principal knows from the first byte on whose it is.
    idleConnections: isKeyed ? 0 : server.idleConnections,
    callTimeoutMs: clampMs(name, 'callTimeoutMs', server.callTimeoutMs, findings),
    idleTimeoutMs: clampMs(name, 'idleTimeoutMs', server.idleTimeoutMs, findings),
    isRequired: server.required,
    description: server.description,
    trustsAnnotations: server.trustAnnotations,
    waitsForRecovery: server.waitForRecovery,
    tags: [...server.tags, ...server.capabilities],
  };
}

/** Nothing for what every server is: fingerprints stay what they were. */
function placed({ placement, container }: ServerConfig): Pick<ServerSpec, 'placement' | 'container'> {
  return { ...(placement === 'every' ? {} : { placement }), ...(container === undefined ? {} : { container }) };
}

/** A command with `${…}` is looked up when it is resolved, by who starts it. */
function absoluteCommand(name: string, server: ServerConfig, { options, findings }: CompileContext): string {
  const { command } = server;
  // In a container it is the image's.
  if (command === undefined || command.includes('${') || server.placement === 'container') return command ?? '';
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

/** `builtin` for the types that the gateway brings along, else nothing. */
function compileBuiltin(name: string, server: ServerConfig, context: CompileContext): { readonly builtin?: BuiltinServer } {
  const type = serverTypeOf(server);
  if (type === 'orchestrator' || type === 'workflows') return { builtin: { kind: type } };
  if (type === 'openapi') return { builtin: { kind: type, document: server.document ?? '', operations: server.operations ?? OperationFilterSchema.parse({}), response: server.response ?? ResponseShapeSchema.parse({}) } };
  if (type !== 'template' || context.options.findTemplate === undefined) return {};
  const template = context.options.findTemplate(server.template ?? '');
  if (template === undefined) {
    context.findings.problems.push({ path: ['servers', name, 'template'], part: 'value', message: 'expected the name of a template that is there' });
    return {};
  }
  const { values, problems } = readParameters(template, server.with);
  for (const { parameter, message } of problems) context.findings.problems.push({ path: ['servers', name, 'with', parameter], part: 'value', message });
  return { builtin: { kind: type, template, parameters: values } };
}

function isolationOf({ isolation, placement }: ServerConfig, facts: { readonly isKeyed: boolean; readonly keepsState: boolean }): ServerSpec['isolation'] {
  if (placement === 'one' && !facts.isKeyed) return 'shared';
  return facts.isKeyed || (facts.keepsState && isolation === 'auto') ? 'per-principal' : isolation;
}

function keepsState(builtin: BuiltinServer | undefined): boolean {
  return builtin?.kind === 'template' && !builtin.template.stateless;
}
