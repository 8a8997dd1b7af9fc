import { stringify } from 'yaml';
import { ExportConfig } from '../../contract/config.ts';
import { CONFIG_SECTIONS } from '../../model/config-document.ts';
import type { JsonObject } from '../../protocol/messages.ts';
import { toLock } from '../../model/lock.ts';
import { listPins } from '../../storage/definition-pins.ts';
import { type ConfigObject, toSections } from '../configuration/config-object.ts';
import { maskBody } from '../configuration/mask.ts';
import { clientEntry, portableBody, SecretNames } from '../configuration/portable.ts';
import { referencesOf, type Viewer } from '../configuration/visibility.ts';
import { getObject, usersOf } from '../objects/show-object.ts';
import { bindRead } from '../operation.ts';

/** What is public, or one namespace with what it needs. Applied to this gateway again, the first forms change nothing. */
export const exportConfig = bindRead(ExportConfig, async ({ query, viewer, db, services }) => {
  const all = services.objects();
  const objects = query.namespace === undefined ? all.filter((object) => object.owner === undefined) : aroundNamespace(all, query.namespace, viewer);
  if (query.format === 'lock') {
    const namespaces = new Set(objects.flatMap(({ kind, name }) => (kind === 'namespaces' ? [name] : [])));
    return { text: json({ lock: toLock((await listPins(db)).filter(({ namespace }) => namespaces.has(namespace))) }), variables: [] };
  }
  const secrets = new SecretNames();
  const text = write(objects, query.format, secrets);
  return { text, variables: [...secrets.names] };
});

function write(objects: readonly ConfigObject[], format: (typeof ExportConfig.query)['_output']['format'], secrets: SecretNames): string {
  if (format === 'mcpServers') return json({ mcpServers: clientServers(objects, (object) => portableBody(object, secrets)) });
  if (format === 'vscode') {
    const servers = clientServers(objects, (object) => portableBody(object, secrets, (variable) => `\${input:${variable}}`));
    const inputs = secrets.names.map((id) => ({ type: 'promptString', id, description: id, password: true }));
    return json({ inputs, servers });
  }
  const body = format === 'portable' ? (object: ConfigObject) => portableBody(object, secrets) : (object: ConfigObject) => maskBody(object.kind, object.body);
  const sections = toSections(objects.map((object) => ({ ...object, body: body(object) })));
  const document = Object.fromEntries(CONFIG_SECTIONS.filter((kind) => Object.keys(sections[kind]).length > 0).map((kind) => [kind, sections[kind]]));
  const whole = sections.settings === undefined ? document : { settings: sections.settings, ...document };
  return format === 'json' ? json(whole) : stringify(whole, { lineWidth: 0, aliasDuplicateObjects: false });
}

function clientServers(objects: readonly ConfigObject[], body: (object: ConfigObject) => JsonObject): JsonObject {
  return Object.fromEntries(objects.filter((object) => object.kind === 'servers').map((object) => [object.name, clientEntry(body(object))]));
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** Throws `request.not_found`. */
function aroundNamespace(all: readonly ConfigObject[], name: string, viewer: Viewer): ConfigObject[] {
  const namespace = getObject(all, { kind: 'namespaces', name }, viewer);
  const needed = referencesOf(namespace);
  const endpoints = usersOf(all, namespace).filter((user) => user.owner === namespace.owner);
  return [...all.filter((object) => needed.some(({ kind, name: wanted }) => object.kind === kind && object.name === wanted)), namespace, ...endpoints];
}
