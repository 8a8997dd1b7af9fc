/** Which gateway a command talks to, and with what: flags first, then variables, then the data folder. */
import { resolve } from 'node:path';
import { readGatewayFile } from './gateway-file.ts';
import { type CliHost, variable } from './host.ts';
import { Refusal } from './refusal.ts';

/** The flags that say which gateway is meant. */
export interface GatewayFlags {
  readonly url?: string | undefined;
  readonly data?: string | undefined;
  readonly token?: string | undefined;
}

export interface Gateway {
  /** Base address without a slash at the end; for an address that is an MCP address itself, its origin. */
  readonly baseUrl: string;
  /** Base address of the admin API, where it is another one. */
  readonly adminUrl?: string | undefined;
  /** The address as it was given. */
  readonly url: string;
  /** The operator token, where known. */
  readonly token: string | undefined;
  /** Whether it was found through the data folder. */
  readonly isLocal: boolean;
}

export function dataFolderOf(flags: Pick<GatewayFlags, 'data'>, host: CliHost): string {
  return resolve(host.workFolder, flags.data ?? variable(host, 'METAMCP_DATA') ?? '.metamcp');
}

/** The gateway that is named by address or found in the data folder; undefined when none runs there. */
export async function findGateway(flags: GatewayFlags, host: CliHost): Promise<Gateway | undefined> {
  const token = flags.token ?? variable(host, 'METAMCP_TOKEN');
  const url = flags.url ?? variable(host, 'METAMCP_URL');
  if (url !== undefined) return { url, baseUrl: baseOf(url), token, isLocal: false };
  const file = await readGatewayFile(dataFolderOf(flags, host)).catch((error: unknown) => {
    throw new Refusal(
      `The file gateway.json in ${dataFolderOf(flags, host)} cannot be read: ${(error as Error).message}`,
      'Run the command as the user who runs the gateway.',
      error,
    );
  });
  return file && { url: file.url, baseUrl: baseOf(file.url), adminUrl: file.adminUrl, token: token ?? file.token, isLocal: true };
}

/** As `findGateway`, but refuses when there is none. */
export async function getGateway(flags: GatewayFlags, host: CliHost): Promise<Gateway> {
  const gateway = await findGateway(flags, host);
  if (gateway !== undefined) return gateway;
  throw new Refusal(
    `No gateway runs on the data folder ${dataFolderOf(flags, host)}.`,
    'Start one with: metamcp serve (or name another with --data FOLDER or --url ADDRESS)',
  );
}

/** The MCP address of an endpoint; an address that already is one stays as it is. */
export function mcpUrlOf(gateway: Gateway, endpoint: string): string {
  return isMcpUrl(gateway.url) ? gateway.url : `${gateway.baseUrl}/metamcp/${encodeURIComponent(endpoint)}/mcp`;
}

export function isMcpUrl(url: string): boolean {
  return new URL(url).pathname.replace(/\/$/, '').endsWith('/mcp');
}

function baseOf(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw new Refusal(`${JSON.stringify(text)} is not an address.`, 'Give one like https://gateway.example or http://127.0.0.1:12008.', cause);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new Refusal(`${JSON.stringify(text)} is not an http address.`, 'Give one that begins with http:// or https://.');
  if (url.username !== '' || url.password !== '')
    throw new Refusal('The address holds a user name or password.', 'Give credentials with --key or METAMCP_KEY.');
  const own = /^(.*)\/metamcp\/[^/]+\/mcp\/?$/.exec(url.pathname);
  const path = own?.[1] ?? (isMcpUrl(text) ? '' : url.pathname.replace(/\/$/, ''));
  return `${url.origin}${path}`;
}
