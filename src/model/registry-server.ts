/**
 * `server.json` of the official MCP registry (schema of 2025-07 and later): one server, as packages to run or remotes to
 * dial. The first package that can be started here wins, else the first remote; what it needs becomes `${NAME}`.
 */
import { isObject, type JsonObject, type JsonValue } from '../protocol/messages.ts';
import { INTEGRITY } from './server-config.ts';
import type { ForeignConfig } from './foreign-form.ts';
import { legalServerName } from './legal-server-name.ts';

interface Runner {
  readonly command: string;
  readonly args: (identifier: string, version: string | undefined) => readonly string[];
}

/** How a package of each kind is started. */
const RUNNERS: Readonly<Record<string, Runner>> = {
  npm: { command: 'npx', args: (identifier, version) => ['-y', version === undefined ? identifier : `${identifier}@${version}`] },
  pypi: { command: 'uvx', args: (identifier, version) => [version === undefined ? identifier : `${identifier}==${version}`] },
  oci: { command: 'docker', args: (identifier, version) => ['run', '-i', '--rm', version === undefined || identifier.includes(':') ? identifier : `${identifier}:${version}`] },
  nuget: { command: 'dnx', args: (identifier, version) => [version === undefined ? identifier : `${identifier}@${version}`, '--yes'] },
};
const REMOTE_TYPES: Readonly<Record<string, string>> = { 'streamable-http': 'http', sse: 'sse' };

/** Undefined for a file that is no server of the registry. */
export function fromRegistryServer(root: JsonObject): ForeignConfig | undefined {
  const { name: given } = root;
  if (typeof given !== 'string' || !given.includes('/') || (!Array.isArray(root['packages']) && !Array.isArray(root['remotes']))) return undefined;
  const name = legalServerName(given.slice(given.lastIndexOf('/') + 1), new Set());
  const warnings = [`server "${given}" is called "${name}" here`];
  const isRunnable = (entry: JsonObject): boolean => textOf(entry['registryType'] ?? entry['registry_type']) in RUNNERS && isStdio(entry);
  const chosen = listOf(root['packages']).find(isRunnable);
  const remote = listOf(root['remotes']).find((entry) => textOf(entry['type'] ?? entry['transport_type']) in REMOTE_TYPES);
  const server = chosen !== undefined ? fromPackage(chosen) : remote !== undefined ? fromRemote(remote, name) : {};
  const others = listOf(root['packages']).length + listOf(root['remotes']).length - 1;
  if (others > 0) warnings.push(`server "${name}": ${others} other ways to run or reach it are not read`);
  const { description } = root;
  const value = {
    servers: { [name]: { ...server, ...(typeof description === 'string' ? { description } : {}) } },
    namespaces: { default: { servers: [name] } },
    endpoints: { default: { namespace: 'default' } },
  };
  return { value, warnings, toSource: (path) => (path[0] === 'servers' ? [chosen !== undefined ? 'packages' : 'remotes'] : []) };
}

function isStdio(entry: JsonObject): boolean {
  const { transport } = entry;
  return !isObject(transport) || transport['type'] === undefined || transport['type'] === 'stdio';
}

function fromPackage(entry: JsonObject): JsonObject {
  const runner = RUNNERS[textOf(entry['registryType'] ?? entry['registry_type'])];
  const version = textOf(entry['version']);
  const runtime = argumentsOf(entry['runtimeArguments'] ?? entry['runtime_arguments']);
  const [first = [], rest = []] = [runner?.command === 'docker' ? ['run', '-i', '--rm'] : [], runner?.args(textOf(entry['identifier']), version === '' ? undefined : version)];
  const variables = listOf(entry['environmentVariables'] ?? entry['environment_variables']);
  return {
    type: 'stdio',
    command: textOf(entry['runtimeHint'] ?? entry['runtime_hint']) || (runner?.command ?? ''),
    ...integrityOf(entry),
    // Options of the runtime stand before the package: `docker run -i --rm -v … image`.
    args: [...first, ...runtime, ...rest.slice(first.length), ...argumentsOf(entry['packageArguments'] ?? entry['package_arguments'])],
    env: Object.fromEntries(variables.flatMap((variable) => (isNeeded(variable) ? [[textOf(variable['name']), valueOf(variable, textOf(variable['name']))]] : []))),
  };
}

/** npm's own form (Subresource Integrity) where the entry has it, else the registry's digest of the file; an image's own digest. Others cannot be checked where they are started. */
function integrityOf(entry: JsonObject): { readonly integrity?: string } {
  const kind = textOf(entry['registryType'] ?? entry['registry_type']);
  const image = /@(sha256:[0-9a-f]{64})$/.exec(textOf(entry['identifier']))?.[1];
  if (kind === 'oci' && image !== undefined) return { integrity: image };
  if (kind !== 'npm') return {};
  const { dist } = entry;
  const given = [entry['integrity'], isObject(dist) ? dist['integrity'] : undefined].map(textOf).find((text) => INTEGRITY.test(text));
  const digest = textOf(entry['fileSha256'] ?? entry['file_sha256']).toLowerCase();
  if (given !== undefined) return { integrity: given };
  return /^[0-9a-f]{64}$/.test(digest) ? { integrity: `sha256:${digest}` } : {};
}

function fromRemote(entry: JsonObject, name: string): JsonObject {
  const headers = listOf(entry['headers']).filter(isNeeded);
  return {
    type: REMOTE_TYPES[textOf(entry['type'] ?? entry['transport_type'])] ?? 'http',
    url: referencesIn(textOf(entry['url'])),
    headers: Object.fromEntries(headers.map((header) => [textOf(header['name']), valueOf(header, `${name}_${textOf(header['name'])}`)])),
  };
}

/** Optional inputs without a value are left out. */
function isNeeded(input: JsonObject): boolean {
  return input['isRequired'] === true || input['is_required'] === true || input['value'] !== undefined || input['default'] !== undefined;
}

function valueOf(input: JsonObject, wanted: string): string {
  const { value } = input;
  if (typeof value === 'string') return referencesIn(value);
  const variable = variableName(wanted);
  return input['default'] === undefined ? `\${${variable}}` : `\${${variable}:-${textOf(input['default'])}}`;
}

function argumentsOf(given: JsonValue | undefined): string[] {
  return listOf(given).flatMap((argument) => {
    const value = argument['value'] ?? argument['default'];
    const name = textOf(argument['name']);
    if (value === undefined && argument['isRequired'] !== true && argument['is_required'] !== true) return argument['type'] === 'named' && argument['format'] === 'boolean' ? [name] : [];
    const text = value === undefined ? `\${${variableName(name || textOf(argument['valueHint'] ?? argument['value_hint']))}}` : referencesIn(textOf(value));
    return argument['type'] === 'named' ? [name, text] : [text];
  });
}

/** The registry writes `{token}` where we write `${TOKEN}`. */
function referencesIn(text: string): string {
  return text.replace(/(?<!\$)\{([A-Za-z][\w-]*)\}/g, (_whole, name: string) => `\${${variableName(name)}}`);
}

function variableName(text: string): string {
  return (
    text
      .toUpperCase()
      .replace(/[^A-Z0-9]+/g, '_')
      .replace(/^_+|_+$/g, '')
      .replace(/^(?=\d|$)/, '_')
  );
}

function listOf(value: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}
