/** `GET /metamcp/{endpoint}/catalog.json`: the lists of an endpoint as one document, as its caller may see them. */
import type { HttpResponse } from '../base/http.ts';
import type { CatalogDocument } from '../model/catalog-document.ts';
import type { PrimitiveKind } from '../model/namespace.ts';
import type { CatalogList } from './catalog.ts';
import type { Catalogs } from './catalogs.ts';
import type { Engines } from './engines.ts';
import type { Identified } from './exchange.ts';
import { visibleList } from './visible-list.ts';

/** As long as a list waits for servers that are still starting. */
const PATIENCE_MS = 5_000;

export async function serveCatalog(identified: Identified, response: HttpResponse, { catalogs, engines }: { readonly catalogs: Catalogs; readonly engines: Engines }): Promise<void> {
  const { name, namespace } = identified.endpoint;
  const servers = namespace.members.map((member) => member.server);
  if (catalogs.isStarting(servers, PATIENCE_MS)) await catalogs.started(servers, PATIENCE_MS);
  const catalog = catalogs.of(namespace);
  const caller = { ...identified, params: {} };
  const shown = async (list: CatalogList, kind: PrimitiveKind): Promise<Record<string, unknown>[]> => [...(await visibleList(list, kind, caller, engines)).entries.values()].map(({ definition }) => ({ ...definition }));
  const document: CatalogDocument = {
    endpoint: name,
    description: namespace.description,
    tools: await shown(catalog.tools, 'tool'),
    prompts: await shown(catalog.prompts, 'prompt'),
    resources: await shown(catalog.resources, 'resource'),
    resourceTemplates: await shown(catalog.resourceTemplates, 'resourceTemplate'),
    incomplete: catalogs.gaps(namespace).map((gap) => ({ server: String(gap['server']), state: String(gap['state']) })),
  };
  const text = JSON.stringify(document);
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  response.end(text);
}
