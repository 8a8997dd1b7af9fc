/**
 * The catalogue: `catalogue.json` in the data folder, `{"servers": [server.json, …]}` in the official registry's form (each
 * may stand in `{"server": …}`, as its API gives them). A package is pinned by its exact version; a newer one in the file
 * is an update, made by storing the new configuration and undone by rolling the configuration back.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { Fault } from '../../base/fault.ts';
import { ListRegistry, type RegistryEntrySchema, ResolveRegistryServer } from '../../contract/registry.ts';
import { fromRegistryServer } from '../../model/registry-server.ts';
import { isObject, type JsonObject, type JsonValue } from '../../protocol/messages.ts';
import { maySee, type Viewer } from '../configuration/visibility.ts';
import { type AdminServices, bindRead } from '../operation.ts';

type Entry = z.input<typeof RegistryEntrySchema>;

const FILE = 'catalogue.json';
const ENTRIES_MAX = 5_000;
/** `name@1.2.3`, `name==1.2.3`, `image:tag` or an image by digest. */
const PINNED = /(?:@|==)(\d+\.\d+(?:\.\d+)?[\w.+-]*)$|:(?!latest$)([\w.-]+)$|@(sha256:[0-9a-f]{64})$/;

export const listRegistry = bindRead(ListRegistry, async ({ services, query, viewer }) => {
  const { servers, problems } = await readCatalogue(services.dataFolder);
  const wanted = query.q?.toLowerCase();
  const items = servers.flatMap((server) => {
    const entry = toEntry(server, services, viewer);
    if (entry === undefined) problems.push(`${String(server['name'] ?? 'an entry').slice(0, 200)} is no server of the registry's form`);
    return entry === undefined || (wanted !== undefined && !`${entry.name} ${entry.title} ${entry.description}`.toLowerCase().includes(wanted)) ? [] : [entry];
  });
  return { items, problems };
});

export const resolveRegistryServer = bindRead(ResolveRegistryServer, async ({ services, body, viewer }) => {
  const entry = toEntry(body.server as JsonObject, services, viewer);
  if (entry === undefined) throw new Fault('request.params_invalid', { message: 'This is no server.json of the registry.' });
  return entry;
});

/** `text`: as it stands in the file; empty where there is none. */
export async function readCatalogue(folder: string): Promise<{ readonly text: string; readonly servers: readonly JsonObject[]; readonly problems: string[] }> {
  let text: string;
  try {
    text = await readFile(join(folder, FILE), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { text: '', servers: [], problems: [] };
    throw error;
  }
  try {
    const root = JSON.parse(text) as JsonValue;
    const listed: readonly JsonValue[] = isObject(root) && Array.isArray(root['servers']) ? root['servers'] : [];
    const servers = listed.slice(0, ENTRIES_MAX).filter(isObject);
    return { text, servers: servers.map((server) => (isObject(server['server']) ? server['server'] : server)), problems: [] };
  } catch {
    return { text, servers: [], problems: [`${FILE} is no JSON`] };
  }
}

export interface Offer {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly version: string | undefined;
  /** Name and body of the server in the configuration. */
  readonly server: string;
  readonly config: JsonObject;
  /** What is started is exactly one version, or it is an address. */
  readonly isPinned: boolean;
}

/** Undefined for what is no server of the registry's form. */
export function toOffer(server: JsonObject): Offer | undefined {
  const foreign = fromRegistryServer(server);
  const found = foreign && firstServer(foreign.value);
  if (found === undefined) return undefined;
  const version = versionOf(found.config);
  const isPinned = version !== undefined || typeof found.config['url'] === 'string';
  return { name: String(server['name']), ...wordsOf(server), version: typeof server['version'] === 'string' ? server['version'] : version, server: found.name, config: found.config, isPinned };
}

function toEntry(server: JsonObject, services: AdminServices, viewer: Viewer): Entry | undefined {
  const foreign = fromRegistryServer(server);
  const found = foreign && firstServer(foreign.value);
  if (foreign === undefined || found === undefined) return undefined;
  const { name, config } = found;
  const version = versionOf(config);
  const installed = services.objects().find((object) => object.kind === 'servers' && object.name === name && maySee(viewer, object));
  const installedVersion = installed === undefined ? undefined : versionOf(installed.body);
  const integrity = integrityOf(config);
  const isOther = installedVersion !== undefined && installedVersion === version && differs(integrity, integrityOf(installed?.body));
  const isPinned = version !== undefined || typeof config['url'] === 'string';
  return {
    name: String(server['name']),
    ...wordsOf(server),
    version: typeof server['version'] === 'string' ? server['version'] : (version ?? null),
    isPinned,
    server: name,
    config: { ...config },
    installedVersion: installedVersion ?? null,
    hasUpdate: isUpdate(version, installedVersion),
    integrity: integrity ?? null,
    warnings: [...foreign.warnings, ...warningsOf(isOther, isPinned)],
  };
}

function isUpdate(version: string | undefined, installed: string | undefined): boolean {
  return version !== undefined && installed !== undefined && isNewer(version, installed);
}

function differs(hash: string | undefined, other: string | undefined): boolean {
  return hash !== undefined && other !== undefined && hash !== other;
}

function warningsOf(isOther: boolean, isPinned: boolean): readonly string[] {
  const warnings: string[] = [];
  if (isOther) warnings.push('the package of this very version has another hash than when it was installed: do not update before you know why');
  if (!isPinned) warnings.push('no exact version: what is started may change from one start to the next');
  return warnings;
}

function wordsOf({ title, name, description }: JsonObject): Pick<Entry, 'title' | 'description'> {
  return { title: String(title ?? name), description: String(description ?? '') };
}

function firstServer(document: JsonValue): { readonly name: string; readonly config: JsonObject } | undefined {
  const servers = isObject(document) && isObject(document['servers']) ? document['servers'] : {};
  const [found] = Object.entries(servers);
  return found !== undefined && isObject(found[1]) ? { name: found[0], config: found[1] } : undefined;
}

function integrityOf(config: JsonObject | undefined): string | undefined {
  return typeof config?.['integrity'] === 'string' ? config['integrity'] : undefined;
}

function versionOf(config: JsonObject): string | undefined {
  const args: readonly JsonValue[] = Array.isArray(config['args']) ? config['args'] : [];
  for (const argument of args) {
    const found = typeof argument === 'string' ? PINNED.exec(argument) : null;
    if (found !== null) return found[1] ?? found[2] ?? found[3];
  }
  return undefined;
}

/** Number by number (semver section 11, without pre-releases). */
function isNewer(version: string, than: string): boolean {
  const [left, right] = [version, than].map((text) => text.split(/[.+-]/).map(Number));
  for (let at = 0; at < 3; at++) {
    const difference = (left?.[at] ?? 0) - (right?.[at] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}
