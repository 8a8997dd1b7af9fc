import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Member, NamespaceSpec, Override, PrimitiveKind } from '../model/namespace.ts';
import type { JsonObject } from '../protocol/messages.ts';
import type { ServerLists } from '../upstream/upstreams.ts';
import { definitionHash } from '../policy/definitions/definition-hash.ts';
import { type Catalog, findReadable, mergeCatalog } from './catalog.ts';
import { createInspect } from './definitions.ts';

const NO_OVERRIDE: Override = {
  isEnabled: true,
  name: undefined,
  title: undefined,
  description: undefined,
  annotations: undefined,
  meta: undefined,
  argumentDefaults: {},
  fixedArguments: {},
  hiddenArguments: [],
};

type Overrides = Partial<Record<PrimitiveKind, Readonly<Record<string, Partial<Override>>>>>;

function namespaceOf(members: readonly Member[], changes: Partial<Omit<NamespaceSpec, 'overrides'>> = {}, overrides: Overrides = {}): NamespaceSpec {
  const table = (kind: PrimitiveKind): ReadonlyMap<string, Override> =>
    new Map(Object.entries(overrides[kind] ?? {}).map(([key, override]) => [key, { ...NO_OVERRIDE, ...override }]));
  return {
    name: 'dev',
    description: '',
    members,
    prefix: 'server',
    separator: '__',
    ...changes,
    overrides: { tool: table('tool'), prompt: table('prompt'), resource: table('resource'), resourceTemplate: table('resourceTemplate') },
  };
}

function as(...names: readonly string[]): Member[] {
  return names.map((name) => ({ server: name, as: name }));
}

function listsOf(changes: Partial<ServerLists>): ServerLists {
  return { version: 1, isStale: false, tools: [], prompts: [], resources: [], resourceTemplates: [], ...changes };
}

function tools(...names: readonly string[]): ServerLists {
  return listsOf({ tools: names.map((name) => ({ name, inputSchema: { type: 'object' } })) });
}

function merge(namespace: NamespaceSpec, lists: Readonly<Record<string, ServerLists>>): Catalog {
  return mergeCatalog(namespace, (server) => (Object.hasOwn(lists, server) ? lists[server] : undefined));
}

function shown(catalog: Catalog): string[] {
  return [...catalog.tools.entries.keys()];
}

// Server names as the configuration allows them: no "__", no "_" at the end.
const serverName = fc.stringMatching(/^[A-Za-z0-9](?:[A-Za-z0-9-]|_[A-Za-z0-9-]){0,8}$/);
const toolName = fc.stringMatching(/^[A-Za-z0-9_.-]{1,12}$/);
const servers = fc.uniqueArray(fc.tuple(serverName, fc.uniqueArray(toolName, { maxLength: 6 })), { selector: ([name]) => name, minLength: 1, maxLength: 6 });

describe('names', () => {
  test.each(['__', '.', '/'])('[TL-03] with the separator %j the map is injective, and each name leads back to its server and own name', (separator) => {
    fc.assert(
      fc.property(servers, (table) => {
        const catalog = merge(
          namespaceOf(as(...table.map(([name]) => name)), { separator }),
          Object.fromEntries(table.map(([name, names]) => [name, tools(...names)])),
        );
        expect(catalog.collisions).toEqual([]);
        expect(catalog.tools.entries.size).toBe(table.reduce((count, [, names]) => count + names.length, 0));
        for (const [exposed, entry] of catalog.tools.entries) {
          const cut = exposed.indexOf(separator);
          expect([exposed.slice(0, cut), exposed.slice(cut + separator.length)]).toEqual([entry.member.as, entry.own]);
        }
      }),
    );
  });

  test('gateways nest: what a gateway exposes splits at its own separator first', () => {
    expect(shown(merge(namespaceOf(as('outer')), { outer: tools('inner__echo') }))).toEqual(['outer__inner__echo']);
  });

  test('a server that is listed under another name is called by its own', () => {
    const catalog = merge(namespaceOf([{ server: 'pg-prod', as: 'db' }]), { 'pg-prod': tools('query') });
    expect(catalog.tools.entries.get('db__query')).toMatchObject({ own: 'query', member: { server: 'pg-prod' } });
  });

  test('without prefix the first server in order has the name, and the collision is told', () => {
    const catalog = merge(namespaceOf(as('files', 'web'), { prefix: 'none' }), { files: tools('search', 'read'), web: tools('search', 'open') });
    expect(shown(catalog)).toEqual(['search', 'read', 'open']);
    expect(catalog.tools.entries.get('search')?.member.as).toBe('files');
    expect(catalog.collisions).toEqual([{ kind: 'tool', exposed: 'search', kept: 'files', hidden: 'web' }]);
  });

  test('a rename that takes the name of another tool is a collision too', () => {
    const catalog = merge(namespaceOf(as('a', 'b'), {}, { tool: { b__y: { name: 'a__x' } } }), { a: tools('x'), b: tools('y') });
    expect(shown(catalog)).toEqual(['a__x']);
    expect(catalog.collisions).toEqual([{ kind: 'tool', exposed: 'a__x', kept: 'a', hidden: 'b' }]);
  });

  test('a name of a prototype is a name like any other', () => {
    expect(shown(merge(namespaceOf(as('a'), { prefix: 'none' }), { a: tools('constructor', '__proto__', 'toString') }))).toEqual([
      'constructor',
      '__proto__',
      'toString',
    ]);
  });
});

describe('[TR-29] order', () => {
  test('does not depend on who came first: lists that come one by one in any order lead to the same catalog', () => {
    fc.assert(
      fc.property(servers, fc.boolean(), fc.infiniteStream(fc.nat()), (table, hasPrefix, picks) => {
        const namespace = namespaceOf(as(...table.map(([name]) => name)), { prefix: hasPrefix ? 'server' : 'none' });
        const whole = merge(namespace, Object.fromEntries(table.map(([name, names]) => [name, tools(...names)])));
        const arrived: Record<string, ServerLists> = {};
        const waiting = [...table];
        let last = merge(namespace, arrived);
        while (waiting.length > 0) {
          const [next] = waiting.splice((picks.next().value ?? 0) % waiting.length, 1);
          if (next !== undefined) arrived[next[0]] = tools(...next[1]);
          last = merge(namespace, arrived);
        }
        expect([last.tools.modernText, last.collisions]).toEqual([whole.tools.modernText, whole.collisions]);
      }),
    );
  });

  test('is that of the namespace, then that of the server', () => {
    expect(shown(merge(namespaceOf(as('b', 'a')), { a: tools('z', 'y'), b: tools('x') }))).toEqual(['b__x', 'a__z', 'a__y']);
  });

  test('a server without lists leaves no trace', () => {
    expect(shown(merge(namespaceOf(as('gone', 'here')), { here: tools('x') }))).toEqual(['here__x']);
  });
});

describe('overrides', () => {
  const definition: JsonObject = {
    name: 'query',
    title: 'Query',
    description: 'Old',
    annotations: { readOnlyHint: true },
    _meta: { a: 1 },
    'x-unknown': [1],
    inputSchema: {
      type: 'object',
      properties: { sql: { type: 'string' }, limit: { type: 'integer' }, tenant: { type: 'string' } },
      required: ['sql', 'limit', 'tenant'],
    },
  };

  function overridden(override: Partial<Override>): JsonObject | undefined {
    const catalog = merge(namespaceOf(as('db'), {}, { tool: { db__query: override } }), { db: listsOf({ tools: [definition] }) });
    return [...catalog.tools.entries.values()][0]?.definition;
  }

  test('change what they name and leave the rest, unknown members included', () => {
    expect(overridden({ description: 'New' })).toEqual({ ...definition, name: 'db__query', description: 'New' });
  });

  test('merge annotations and _meta over those of the server', () => {
    expect(overridden({ annotations: { idempotentHint: true }, meta: { b: 2 } })).toMatchObject({
      annotations: { readOnlyHint: true, idempotentHint: true },
      _meta: { a: 1, b: 2 },
    });
  });

  test('take hidden and fixed arguments out of the schema, and ask no more for those with a default', () => {
    const schema = overridden({ hiddenArguments: ['tenant'], argumentDefaults: { limit: 10 } })?.['inputSchema'];
    expect(schema).toEqual({ type: 'object', properties: { sql: { type: 'string' }, limit: { type: 'integer', default: 10 } }, required: ['sql'] });
  });

  test('switch a tool off under every name', () => {
    expect(overridden({ isEnabled: false, name: 'other' })).toBeUndefined();
  });

  test('rename outright, with another separator or none too', () => {
    for (const changes of [{}, { separator: '.' }, { prefix: 'none' as const }]) {
      const catalog = merge(namespaceOf(as('db'), changes, { tool: { db__query: { name: 'repo.read' } } }), { db: tools('query', 'other') });
      expect(shown(catalog)[0]).toBe('repo.read');
      expect(catalog.tools.entries.get('repo.read')?.own).toBe('query');
    }
  });
});

describe('resources', () => {
  const lists = { a: listsOf({ resources: [{ uri: 'file:///x', name: 'x' }] }), b: listsOf({ resources: [{ uri: 'file:///x', name: 'x' }] }) };

  test('keep their URI; on a collision the later one has an address of ours that leads back', () => {
    const catalog = merge(namespaceOf(as('a', 'b')), lists);
    expect([...catalog.resources.entries.keys()]).toEqual(['file:///x', 'metamcp://resource/b/file%3A%2F%2F%2Fx']);
    expect(findReadable(catalog, 'metamcp://resource/b/file%3A%2F%2F%2Fx')).toMatchObject({ own: 'file:///x', member: { as: 'b' } });
    expect(findReadable(catalog, 'file:///x')).toMatchObject({ own: 'file:///x', member: { as: 'a' } });
  });

  test('what no list names is read by the template with the longest fitting beginning', () => {
    const template = (uriTemplate: string) => listsOf({ resourceTemplates: [{ uriTemplate, name: 't' }] });
    const catalog = merge(namespaceOf(as('short', 'long')), { short: template('demo://{any}'), long: template('demo://text/{id}') });
    expect(findReadable(catalog, 'demo://text/7')).toEqual({ member: { server: 'long', as: 'long' }, own: 'demo://text/7' });
    expect(findReadable(catalog, 'demo://other')).toMatchObject({ member: { as: 'short' } });
    expect(findReadable(catalog, 'https://elsewhere/')).toBeUndefined();
  });

  test('a scheme of two servers leads to neither', () => {
    const one = (uri: string) => listsOf({ resources: [{ uri, name: 'n' }] });
    const catalog = merge(namespaceOf(as('a', 'b')), { a: one('note://1'), b: one('note://2') });
    expect(findReadable(catalog, 'note://3')).toBeUndefined();
  });
});

test('clients with initialize get no output schema that theirs forbids, modern ones do', () => {
  const catalog = merge(namespaceOf(as('a')), { a: listsOf({ tools: [{ name: 'x', inputSchema: { type: 'object' }, outputSchema: { type: 'array' } }] }) });
  expect(catalog.tools.modernText).toContain('"outputSchema":{"type":"array"}');
  expect(catalog.tools.legacyText).not.toContain('outputSchema');
});

test('[TL-02] [TL-06] a resource template that nobody approved is not listed, and nothing that only it leads to can be read', () => {
  const template = { name: 'rows', uriTemplate: 'db://main/{table}' };
  const hidden = { name: 'notes', uriTemplate: 'notes://{id}', description: `Notes.${String.fromCodePoint(0xe0041)}` };
  const lists = { db: listsOf({ resourceTemplates: [template, hidden], resources: [{ name: 'readme', uri: 'db://readme' }, { name: 'index', uri: 'notes://index' }] }) };
  const inspect = createInspect({ lists: () => undefined, profile: () => undefined });
  const merged = (mode: 'flag' | 'quarantine', approved: readonly JsonObject[]): Catalog => {
    const pins = new Map(approved.map((definition) => [`db resourceTemplate ${String(definition['uriTemplate'])}`, { namespace: 'dev', server: 'db', kind: 'resourceTemplate' as const, name: String(definition['uriTemplate']), hash: definitionHash(definition, undefined), rejectedHash: undefined }]));
    return mergeCatalog(namespaceOf(as('db'), { integrity: { mode, pins, knownServers: new Set(['db']) } }), () => lists.db, inspect);
  };
  const listed = ({ resourceTemplates }: Catalog): string[] => [...resourceTemplates.entries.keys()];
  const strict = merged('quarantine', []);
  expect([listed(strict), findReadable(strict, 'db://main/users'), findReadable(strict, 'notes://7')]).toEqual([[], undefined, undefined]);
  // Resources are data: those that are listed stay.
  expect([findReadable(strict, 'db://readme')?.own, findReadable(strict, 'notes://index')?.own]).toEqual(['db://readme', 'notes://index']);
  const approved = merged('quarantine', [template]);
  expect([listed(approved), findReadable(approved, 'db://main/users')?.own]).toEqual([['db://main/{table}'], 'db://main/users']);
  expect(listed(merged('quarantine', [{ ...template, description: 'Rows of any table' }]))).toEqual([]);
  const flagged = merged('flag', []);
  expect([listed(flagged), findReadable(flagged, 'notes://7')]).toEqual([['db://main/{table}'], undefined]);
});
