/** The admin API as the command line uses it: a request each, errors as RFC 9457 problem details made into refusals. */
import type { z } from 'zod';
import type { AuditRecord, VerifyAudit } from '../contract/audit.ts';
import type { ApprovalAnswer } from '../contract/approvals.ts';
import type { Applied, ConfigVersion, GetConfig, Plan } from '../contract/config.ts';
import type { EvaluateSearch, SearchTools } from '../contract/discovery.ts';
import type { Endpoint } from '../contract/endpoints.ts';
import type { ApproveDefinitions, Definition, RejectDefinition } from '../contract/definitions.ts';
import type { CreateKey, Key } from '../contract/keys.ts';
import type { LimitUsage } from '../contract/limits.ts';
import type { ListPolicyTemplates, ListShadowResults, PolicyExplanation, PolicyReplay, PolicyTest } from '../contract/policies.ts';
import type { RotateSecrets } from '../contract/secrets.ts';
import type { DrillReport, CallServer, ServerState } from '../contract/servers.ts';
import type { Gateway } from './locate.ts';
import { Refusal } from './refusal.ts';
import { isRecord } from './stdio/message.ts';

/** The answer to a call straight at a server: either `result` or `error`. */
export type DirectCall = z.infer<typeof CallServer.answer>;

export interface AdminClient {
  listServers(): Promise<{ readonly items: readonly ServerState[] }>;
  restartServer(name: string): Promise<void>;
  drillServer(name: string, seconds: number): Promise<DrillReport>;
  resyncServer(name: string): Promise<void>;
  callServer(name: string, call: { readonly tool: string; readonly arguments: unknown }): Promise<DirectCall>;
  listKeys(): Promise<{ readonly items: readonly Key[] }>;
  createKey(key: { readonly name: string; readonly endpoints?: readonly string[]; readonly namespaces?: readonly string[]; readonly tools?: readonly string[]; readonly expiresAt?: string }): Promise<z.infer<typeof CreateKey.answer>>;
  rotateKey(id: string, overlapSeconds: number): Promise<z.infer<typeof CreateKey.answer>>;
  revokeKey(id: string): Promise<void>;
  rotateSecrets(): Promise<z.infer<typeof RotateSecrets.answer>>;
  testPolicies(given: Readonly<Record<string, unknown>>): Promise<PolicyTest>;
  replayPolicy(given: Readonly<Record<string, unknown>>): Promise<PolicyReplay>;
  explainPolicy(given: Readonly<Record<string, unknown>>): Promise<PolicyExplanation>;
  listPolicyTemplates(): Promise<z.infer<typeof ListPolicyTemplates.answer>>;
  listShadowResults(): Promise<z.infer<typeof ListShadowResults.answer>>;
  listApprovals(state: string): Promise<{ readonly items: readonly ApprovalAnswer[] }>;
  approveCall(id: string, given: { readonly note?: string }): Promise<ApprovalAnswer>;
  denyCall(id: string, given: { readonly reason: string }): Promise<ApprovalAnswer>;
  listLimitUsage(): Promise<LimitUsage>;
  resetLimit(given: { readonly limit: string }): Promise<void>;
  listEndpoints(): Promise<{ readonly items: readonly Endpoint[] }>;
  searchTools(endpoint: string, asked: { readonly queries: readonly string[]; readonly limit?: number }): Promise<z.infer<typeof SearchTools.answer>>;
  evaluateSearch(endpoint: string, asked: { readonly cases: unknown; readonly against?: { readonly text: string; readonly name: string } }): Promise<z.infer<typeof EvaluateSearch.answer>>;
  getConfig(): Promise<z.infer<typeof GetConfig.answer>>;
  planConfig(file: ConfigFile): Promise<Plan>;
  applyConfig(file: ConfigFile & { readonly reason: string }): Promise<Applied>;
  exportConfig(query: { readonly format: string; readonly namespace?: string | undefined }): Promise<{ readonly text: string; readonly variables: readonly string[] }>;
  listConfigVersions(limit: number): Promise<{ readonly items: readonly ConfigVersion[] }>;
  diffConfig(number: number, other: number): Promise<Plan>;
  releaseObjects(of: { readonly source: string; readonly names: readonly string[] | null; readonly reason: string }): Promise<{ readonly released: readonly string[] }>;
  listDefinitions(query: { readonly namespace: string | undefined; readonly server: string | undefined; readonly open: boolean }): Promise<{ readonly items: readonly Definition[] }>;
  approveDefinitions(choice: z.input<typeof ApproveDefinitions.body>): Promise<z.infer<typeof ApproveDefinitions.answer>>;
  rejectDefinition(choice: z.input<typeof RejectDefinition.body>): Promise<z.infer<typeof RejectDefinition.answer>>;
  listAudit(query: Readonly<Record<string, string>>): Promise<{ readonly items: readonly AuditRecord[]; readonly nextCursor: string | null }>;
  verifyAudit(asked: { readonly from?: string | undefined; readonly to?: string | undefined; readonly publicKey?: string | undefined }): Promise<z.infer<typeof VerifyAudit.answer>>;
  /** As it comes. */
  exportAudit(query: Readonly<Record<string, string>>): Promise<AsyncIterable<Uint8Array>>;
  rollbackConfig(to: { readonly number: number; readonly reason: string; readonly dryRun: boolean }): Promise<Applied>;
}

/** A configuration file on its way to the gateway. */
export interface ConfigFile {
  readonly text: string;
  readonly name: string;
  readonly source: string | null;
  readonly mode: 'apply' | 'import';
}

/** Every method throws a Refusal that says what the gateway said, and what to do. */
export function createAdminClient(gateway: Gateway): AdminClient {
  const ask = async <T>(method: string, path: string, body?: unknown): Promise<T> => (await send(gateway, { method, path, body })) as T;
  const server = (name: string): string => `/servers/${encodeURIComponent(name)}`;
  return {
    listServers: () => ask('GET', '/servers'),
    drillServer: (name, seconds) => ask('POST', `${server(name)}/drill`, { seconds }),
    restartServer: (name) => ask('POST', `${server(name)}/restart`),
    resyncServer: (name) => ask('POST', `${server(name)}/resync`),
    callServer: (name, call) => ask('POST', `${server(name)}/call`, call),
    listKeys: () => ask('GET', '/keys'),
    createKey: (key) => ask('POST', '/keys', key),
    rotateSecrets: () => ask('POST', '/secrets/rotate'),
    revokeKey: (id) => ask('DELETE', `/keys/${encodeURIComponent(id)}`),
    testPolicies: (given) => ask('POST', '/policies/test', given),
    replayPolicy: (given) => ask('POST', '/policies/replay', given),
    explainPolicy: (given) => ask('POST', '/policies/explain', given),
    listPolicyTemplates: () => ask('GET', '/policy-templates'),
    listShadowResults: () => ask('GET', '/policy-shadow'),
    listApprovals: (state) => ask('GET', `/approvals${state === 'all' ? '' : `?state=${encodeURIComponent(state)}`}`),
    approveCall: (id, given) => ask('POST', `/approvals/${encodeURIComponent(id)}/approve`, given),
    denyCall: (id, given) => ask('POST', `/approvals/${encodeURIComponent(id)}/deny`, given),
    listLimitUsage: () => ask('GET', '/limit-usage'),
    resetLimit: (given) => ask('POST', '/limit-usage/reset', given),
    listEndpoints: () => ask('GET', '/endpoints'),
    searchTools: (name, asked) => ask('POST', `/endpoints/${encodeURIComponent(name)}/search`, asked),
    evaluateSearch: (name, asked) => ask('POST', `/endpoints/${encodeURIComponent(name)}/evaluation`, asked),
    getConfig: () => ask('GET', '/config'),
    planConfig: (file) => ask('POST', '/config/plan', file),
    applyConfig: (file) => ask('POST', '/config/apply', file),
    exportConfig: ({ format, namespace }) => ask('GET', `/config/export?${new URLSearchParams({ format, ...(namespace !== undefined && { namespace }) }).toString()}`),
    listConfigVersions: (limit) => ask('GET', `/config/versions?limit=${limit}`),
    diffConfig: (number, other) => ask('GET', `/config/versions/${number}/diff/${other}`),
    releaseObjects: (of) => ask('POST', '/config/release', of),
    rotateKey: (id, overlapSeconds) => ask('POST', `/keys/${encodeURIComponent(id)}/rotate`, { overlapSeconds }),
    listDefinitions: ({ namespace, server, open }) =>
      ask('GET', `/definitions?${new URLSearchParams({ open: String(open), ...(namespace !== undefined && { namespace }), ...(server !== undefined && { server }) }).toString()}`),
    approveDefinitions: (choice) => ask('POST', '/definitions/approve', choice),
    rejectDefinition: (choice) => ask('POST', '/definitions/reject', choice),
    listAudit: (query) => ask('GET', `/audit?${new URLSearchParams(query).toString()}`),
    verifyAudit: (asked) => ask('POST', '/audit/verify', asked),
    exportAudit: async (query) => (await open(gateway, { method: 'GET', path: `/audit/export?${new URLSearchParams(query).toString()}` })).body,
    rollbackConfig: (to) => ask('POST', '/config/rollback', to),
  };
}

interface AdminRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

async function send(gateway: Gateway, request: AdminRequest): Promise<unknown> {
  const text = await (await open(gateway, request)).body.text();
  return text === '' ? undefined : parse(text, gateway);
}

/** The answer before its body is read. Throws a Refusal for what was refused. */
async function open(gateway: Gateway, request: AdminRequest) {
  if (gateway.token === undefined)
    throw new Refusal('The admin API asks for the operator token.', 'Set METAMCP_TOKEN (it is in gateway.json in the data folder of the gateway).');
  const { request: http } = await import('undici');
  const answer = await http(`${adminUrlOf(gateway)}/api/v1${request.path}`, {
    method: request.method,
    headers: {
      authorization: `Bearer ${gateway.token}`,
      accept: 'application/json',
      ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    body: request.body === undefined ? null : JSON.stringify(request.body),
    headersTimeout: 0,
    bodyTimeout: 0,
  }).catch((error: unknown) => {
    throw new Refusal(
      `The gateway at ${adminUrlOf(gateway)} does not answer (${describe(error)}).`,
      gateway.isLocal ? 'Start it with: metamcp serve' : 'Check --url, and that it runs.',
      error,
    );
  });
  if (answer.statusCode < 400) return answer;
  throw problemRefusal(answer.statusCode, await answer.body.text());
}

function adminUrlOf({ adminUrl, baseUrl }: Gateway): string {
  return adminUrl ?? baseUrl;
}

function parse(text: string, gateway: Gateway): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Refusal(`${adminUrlOf(gateway)} answered with something that is not JSON.`, 'Check that --url names a MetaMCP gateway.', cause);
  }
}

function describe(error: unknown): string {
  const code = isRecord(error) ? error['code'] : undefined;
  return typeof code === 'string' ? code : String((error as Error).message);
}

/** RFC 9457: title and detail are for people. */
function problemRefusal(status: number, text: string): Refusal {
  let problem: Readonly<Record<string, unknown>> = {};
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) problem = value;
  } catch {
    // A proxy's page, perhaps; the status says enough.
  }
  const said = [problem['title'], problem['detail']].filter((part) => typeof part === 'string' && part !== '').join(': ');
  const errors = Array.isArray(problem['errors']) ? problem['errors'].map((one: unknown) => `\n  ${describeProblem(one)}`).join('') : '';
  return new Refusal(`${said || 'The gateway refused'} (HTTP ${status})${errors}`, adviceFor(status));
}

function describeProblem(one: unknown): string {
  if (!isRecord(one)) return String(one);
  const path = one['path'] ?? one['pointer'];
  const said = one['message'] ?? one['detail'] ?? JSON.stringify(one);
  return path === undefined ? String(said) : `${String(path)}: ${String(said)}`;
}

function adviceFor(status: number): string {
  if (status === 401 || status === 403) return 'Check METAMCP_TOKEN: it must be the operator token of this gateway.';
  if (status === 404) return 'Check the name: metamcp servers and metamcp keys list what there is.';
  if (status >= 500) return 'See the log of the gateway, and metamcp doctor.';
  return 'Change the request as said above and try again.';
}
