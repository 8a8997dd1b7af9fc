/** A server as it is written in the configuration. Times are milliseconds, sizes bytes. */
import { z } from 'zod';
import { OperationFilterSchema, ResponseShapeSchema } from './builtin-server.ts';
import { ContainerSchema, PLACEMENTS } from './container.ts';
import { ForwardHeadersSchema, ServerAuthSchema } from './server-auth-config.ts';
import { isPrincipalTemplate, templateProblem } from './principal-template.ts';
import { ISOLATIONS, SERVER_REVISIONS, SERVER_TYPES, type ServerType } from './server.ts';

/** Names that other programs and older files use for our types. */
const TYPE_ALIASES = { std: 'stdio', streamable_http: 'http', streamablehttp: 'http', 'streamable-http': 'http' } as const satisfies Record<string, ServerType>;
const TYPE_NAMES = [...SERVER_TYPES, ...(Object.keys(TYPE_ALIASES) as (keyof typeof TYPE_ALIASES)[])] as const;
const ALIASED_TYPES: ReadonlyMap<string, ServerType> = new Map(Object.entries(TYPE_ALIASES));

const text = z.string().max(65_536, 'expected at most 65536 characters');
/** YAML reads `PORT: 8080` and `DEBUG: true` as what they look like; a process wants text. */
const environmentValue = z.union([text, z.number(), z.boolean()]).transform(String);
const variableName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'expected the name of an environment variable');
const label = z.string().regex(/^[^\p{Cc}\s](?:[^\p{Cc}]{0,62}[^\p{Cc}\s])?$/u, 'expected 1 to 64 characters without control characters or spaces around them');
/** Longer times are cut to what a timer can wait when the configuration is compiled. */
const durationMs = z.int().min(1);
/** RFC 9110, section 5.6.2: a token. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** W3C Subresource Integrity, as npm writes it, or a hex digest. */
export const INTEGRITY = /^(?:sha(?:256|384|512)-[A-Za-z0-9+/]{40,100}={0,2}|sha256:[0-9a-f]{64})$/;

export const ServerConfigSchema = z
  .strictObject({
    type: z.enum(TYPE_NAMES).optional().describe('How the server is reached. Without it: stdio where there is a command, http where there is a url.'),
    command: text.min(1).optional().describe('stdio: the program to start.'),
    args: z.array(text).max(1000).default([]).describe('stdio: arguments, as written; no shell reads them.'),
    env: z.record(z.string(), environmentValue).default({}).describe('stdio: environment variables. Values may hold ${NAME} and ${NAME:-default}.'),
    integrity: z.string().regex(INTEGRITY, 'expected a hash such as sha512-… or sha256:…').optional().describe('stdio: hash of what it is started from: the tarball of an npm package (npx -y NAME@VERSION), an image (docker run … NAME@sha256:…), else the program or script file. Where it is another, the server is not started.'),
    cwd: text.min(1).optional().describe('stdio: working directory.'),
    inheritEnv: z.array(variableName).default([]).describe("stdio: further variables of the gateway's environment that the server gets."),
    placement: z.enum(PLACEMENTS).default('every').describe('stdio, template, orchestrator: where it runs. every: a process of each gateway. one: one process of one gateway, for all. container: stdio alone, in a container.'),
    container: ContainerSchema.optional().describe('stdio: the container, for placement container.'),
    url: text.min(1).optional().describe('http, sse: address of the server.'),
    headers: z.record(z.string().regex(HEADER_NAME, 'expected the name of an HTTP header'), text).default({}).describe('http, sse: headers of every request.'),
    bearerToken: text.min(1).optional().describe('http, sse: short for the header Authorization: Bearer …'),
    template: text.min(1).max(64).optional().describe('template: which template.'),
    with: z.record(z.string(), z.union([text, z.number(), z.boolean()])).default({}).describe('template: its parameters.'),
    document: text.min(1).optional().describe('openapi: the OpenAPI 3.0 or 3.1 document, an absolute path or an address. url replaces the address of the service that it names.'),
    operations: OperationFilterSchema.optional().describe('openapi: which operations become tools.'),
    response: ResponseShapeSchema.optional().describe('openapi: what answers look like.'),
    auth: ServerAuthSchema.optional(),
    forwardHeaders: ForwardHeadersSchema.default({}),
    revision: z.enum(SERVER_REVISIONS).default('auto').describe('Which family of protocol revisions to speak.'),
    isolation: z.enum(ISOLATIONS).default('auto').describe('Who shares one connection.'),
    idleConnections: z.int().min(0).max(100).default(1).describe('Connections kept initialised in reserve.'),
    startTimeoutMs: durationMs.default(30_000).describe('Time for a start with handshake, milliseconds.'),
    callTimeoutMs: durationMs.default(60_000).describe('Time for one call in all, milliseconds.'),
    idleTimeoutMs: durationMs.default(300_000).describe('An unused connection is closed after so long, milliseconds.'),
    resultBytesMax: z.int().min(1024).default(10 * 1024 * 1024).describe('Larger answers are refused, bytes.'),
    trustAnnotations: z.boolean().default(false).describe('What its tools say of themselves counts, e.g. that they only read.'),
    waitForRecovery: z.boolean().default(false).describe('While the server is away, reads and trusted idempotent tools wait for it until their deadline, in place of being refused at once.'),
    required: z.boolean().default(false).describe('Readiness of the gateway waits for this server.'),
    description: z.string().max(10_000).default('').describe('For people.'),
    tags: z.array(label).max(100).default([]).describe('Words to find and group servers by.'),
    capabilities: z.array(label).max(100).default([]).describe('What the server is for, e.g. search or code.'),
    costNote: z.string().max(1_000).default('').describe('What calls cost, for people.'),
    proxy: text.min(1).optional().describe('http, sse: HTTP proxy for the connections to this server, http://user:password@host:port; a tunnel is asked for (CONNECT).'),
    enabled: z.boolean().optional().describe('false: the server is not started and offers nothing.'),
    disabled: z.boolean().optional().describe('true: the same as enabled: false.'),
  })
  .superRefine(checkServer, { when: () => true });

export type ServerConfig = z.infer<typeof ServerConfigSchema>;

/** The type as written, or told by `command` or `url`; undefined where neither says it. */
export function serverTypeOf(server: { readonly type?: unknown; readonly command?: unknown; readonly url?: unknown; readonly container?: unknown }): ServerType | undefined {
  const { type } = server;
  if (typeof type === 'string') return SERVER_TYPES.find((known) => known === type) ?? ALIASED_TYPES.get(type);
  if (server.command !== undefined || server.container !== undefined) return 'stdio';
  return server.url === undefined ? undefined : 'http';
}

export function isServerEnabled(server: ServerConfig): boolean {
  return server.enabled !== false && server.disabled !== true;
}

/** What the fields mean together. Runs on values that failed elsewhere too, so it trusts no type. */
function checkServer(server: unknown, context: z.RefinementCtx): void {
  if (typeof server !== 'object' || server === null || Array.isArray(server)) return;
  const fields: Readonly<Record<string, unknown>> = { ...server };
  const refuse: Refuse = (field, message) => context.addIssue({ code: 'custom', path: field === '' ? [] : [field], message });
  checkType(fields, refuse);
  checkAgreement(fields, refuse);
}

function checkType(fields: Readonly<Record<string, unknown>>, refuse: Refuse): void {
  const type = serverTypeOf(fields);
  if (type !== undefined && type in BUILTIN_FIELDS) {
    checkBuiltin(fields, type as keyof typeof BUILTIN_FIELDS, refuse);
    return;
  }
  for (const field of ['template', 'with', 'document', 'operations', 'response']) if (!isEmpty(fields[field])) refuse(field, `expected no ${field}: a server of type ${type ?? 'http'} has none`);
  if (type === 'stdio') {
    checkProcess(fields, refuse);
    return;
  }
  checkTemplates(fields['headers'], refuse);
  if (isPlaced(fields)) refuse('placement', 'expected none: only what runs as a process is placed');
  for (const field of ['url', 'proxy']) if (typeof fields[field] === 'string') checkUrl(field, fields[field], refuse);
  if (type !== undefined) checkForeignFields(fields, { needed: 'url', foreign: ['command', 'integrity', 'cwd', 'args', 'env', 'inheritEnv', 'container'], type }, refuse);
  else if (fields['type'] === undefined) refuse('', 'expected command (for a stdio server) or url (for an http or sse server)');
}

function checkProcess(fields: Readonly<Record<string, unknown>>, refuse: Refuse): void {
  const { placement, isolation } = fields;
  const isContained = placement === 'container';
  checkForeignFields(fields, { needed: isContained ? 'container' : 'command', foreign: ['url', 'bearerToken', 'headers', 'auth', 'forwardHeaders', 'proxy', isContained ? 'integrity' : 'container'], type: 'stdio' }, refuse);
  if (placement === 'one') checkShared(isolation, refuse);
}

function checkShared(isolation: unknown, refuse: Refuse): void {
  if (isolation !== undefined && isolation !== 'auto' && isolation !== 'shared') refuse('isolation', 'expected shared: a server of which there is one process is shared by all');
}

function checkPlacement(fields: Readonly<Record<string, unknown>>, type: keyof typeof BUILTIN_FIELDS, refuse: Refuse): void {
  if (!isPlaced(fields)) return;
  if (type === 'openapi' || type === 'workflows') refuse('placement', `expected none: a server of type ${type} is the same in every gateway`);
  else if (fields['placement'] === 'container') refuse('placement', 'expected every or one: only stdio servers run in containers');
  else if (type === 'template') checkShared(fields['isolation'], refuse);
}

function checkAgreement(fields: Readonly<Record<string, unknown>>, refuse: Refuse): void {
  if (fields['bearerToken'] !== undefined && hasAuthorization(fields['headers'])) {
    refuse('bearerToken', 'expected either bearerToken or the header Authorization, not both');
  }
  if (fields['auth'] !== undefined && (fields['bearerToken'] !== undefined || hasAuthorization(fields['headers']))) refuse('auth', 'expected either auth or an Authorization header, not both');
  if (isPerUser(fields['auth']) && fields['isolation'] === 'shared') refuse('isolation', 'expected no shared connection: everybody signs in to this server');
  if (fields['enabled'] !== undefined && fields['enabled'] === fields['disabled']) refuse('disabled', 'expected enabled and disabled to agree');
}

function checkTemplates(headers: unknown, refuse: Refuse): void {
  for (const [name, value] of Object.entries(typeof headers === 'object' && headers !== null ? headers : {})) {
    const problem = typeof value === 'string' && isPrincipalTemplate(value) ? templateProblem(value) : undefined;
    if (problem !== undefined) refuse('headers', `${name}: ${problem}`);
  }
}

/** What each built-in type has of the fields that others have too. */
const BUILTIN_FIELDS = {
  openapi: { needed: 'document', has: ['document', 'operations', 'response', 'url', 'headers', 'bearerToken'] },
  template: { needed: 'template', has: ['template', 'with'] },
  orchestrator: { needed: undefined, has: [] },
  workflows: { needed: undefined, has: [] },
} as const satisfies Partial<Record<ServerType, { readonly needed: string | undefined; readonly has: readonly string[] }>>;
const TYPED_FIELDS = ['command', 'integrity', 'container', 'args', 'env', 'cwd', 'inheritEnv', 'url', 'headers', 'bearerToken', 'auth', 'forwardHeaders', 'proxy', 'template', 'with', 'document', 'operations', 'response'];

function checkBuiltin(fields: Readonly<Record<string, unknown>>, type: keyof typeof BUILTIN_FIELDS, refuse: Refuse): void {
  const { needed, has } = BUILTIN_FIELDS[type];
  if (needed !== undefined && fields[needed] === undefined) refuse('', `expected ${needed}, which a server of type ${type} needs`);
  for (const field of TYPED_FIELDS) if (!(has as readonly string[]).includes(field) && !isEmpty(fields[field])) refuse(field, `expected no ${field}: a server of type ${type} has none`);
  checkPlacement(fields, type, refuse);
  if (typeof fields['url'] === 'string') checkUrl('url', fields['url'], refuse);
  const { document } = fields;
  if (type === 'openapi' && typeof document === 'string' && !document.includes('${') && !document.startsWith('/') && !/^[A-Za-z]:\\/.test(document)) checkUrl('document', document, (field, message) => refuse(field, `${message}, or an absolute path`));
}

/** The default is filled in before this runs. */
function isPlaced({ placement }: Readonly<Record<string, unknown>>): boolean {
  return placement !== undefined && placement !== 'every';
}

interface FieldsOfType {
  readonly needed: string;
  readonly foreign: readonly string[];
  readonly type: ServerType;
}

type Refuse = (field: string, message: string) => void;

function checkForeignFields(fields: Readonly<Record<string, unknown>>, rule: FieldsOfType, refuse: Refuse): void {
  if (fields[rule.needed] === undefined) refuse('', `expected ${rule.needed}, which a server of type ${rule.type} needs`);
  for (const field of rule.foreign) {
    if (!isEmpty(fields[field])) refuse(field, `expected no ${field}: a server of type ${rule.type} has none`);
  }
}

/** Defaults are filled in before this runs, and files of other programs write empty ones. */
function isEmpty(value: unknown): boolean {
  return value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
}

/** What holds `${…}` is checked when it is resolved. */
function checkUrl(field: string, url: string, refuse: Refuse): void {
  if (url.includes('${')) return;
  const parsed = URL.parse(url);
  if (parsed === null || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')) refuse(field, 'expected an absolute http or https address');
}

function isPerUser(auth: unknown): boolean {
  if (typeof auth !== 'object' || auth === null) return false;
  return ('grant' in auth && auth.grant === 'user') || ('type' in auth && auth.type === 'token-exchange');
}

function hasAuthorization(headers: unknown): boolean {
  return typeof headers === 'object' && headers !== null && Object.keys(headers).some((name) => name.toLowerCase() === 'authorization');
}
