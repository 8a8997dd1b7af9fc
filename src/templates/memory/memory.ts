/** A small graph: entities with observations, and relations between them. One JSON file, written whole. */
import { z } from 'zod';
import type { JsonObject } from '../../protocol/messages.ts';
import { objectSchema, READ_ONLY, type Tool } from '../../serving/tool.ts';
import type { CreateTools, TemplateContext } from '../template-tools.ts';

const FILE = 'memory.json';
const EntitySchema = z.object({ name: z.string(), entityType: z.string(), observations: z.array(z.string()) });
const RelationSchema = z.object({ from: z.string(), to: z.string(), relationType: z.string() });
const GraphSchema = z.object({ entities: z.array(EntitySchema), relations: z.array(RelationSchema) });
type Graph = z.infer<typeof GraphSchema>;

const text = { type: 'string', minLength: 1, maxLength: 1_000 } as const;
const entity = objectSchema({ name: text, entityType: text, observations: { type: 'array', items: text } });
const relation = objectSchema({ from: text, to: text, relationType: text });
const graphSchema = objectSchema({ entities: { type: 'array', items: entity }, relations: { type: 'array', items: relation } });
const names = objectSchema({ names: { type: 'array', items: text } });
const CHANGES = { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false } as const;
const count = (key: string) => objectSchema({ [key]: { type: 'integer' } });

export const createTools: CreateTools = (context) => {
  const store = new GraphStore(context);
  return [
    tool('create_entities', 'Remembers things. One that is known gets the new observations.', objectSchema({ entities: { type: 'array', items: entity } }), {
      output: count('changed'),
      run: async (given) => ({ changed: await store.change((graph) => addEntities(graph, z.array(EntitySchema).parse(given['entities']))) }),
    }),
    tool('add_observations', 'Adds facts to a known thing.', objectSchema({ name: text, observations: { type: 'array', items: text } }), {
      output: count('changed'),
      run: async (given) => ({ changed: await store.change((graph) => addEntities(graph, [{ name: String(given['name']), entityType: 'thing', observations: z.array(z.string()).parse(given['observations']) }])) }),
    }),
    tool('create_relations', 'Remembers how things relate.', objectSchema({ relations: { type: 'array', items: relation } }), {
      output: count('changed'),
      run: async (given) => ({ changed: await store.change((graph) => addRelations(graph, z.array(RelationSchema).parse(given['relations']))) }),
    }),
    tool('delete_entities', 'Forgets things and their relations.', names, {
      output: count('changed'),
      annotations: { ...CHANGES, destructiveHint: true },
      run: async (given) => ({ changed: await store.change((graph) => forget(graph, new Set(z.array(z.string()).parse(given['names'])))) }),
    }),
    tool('search_nodes', 'Finds things by words in their names, types and observations.', objectSchema({ query: text }), {
      output: graphSchema,
      annotations: READ_ONLY,
      run: async (given) => search(await store.graph(), String(given['query']).toLowerCase()),
    }),
    tool('read_graph', 'Everything that is remembered.', objectSchema({}), { output: graphSchema, annotations: READ_ONLY, run: async () => store.graph() }),
  ];
};

interface Rest {
  readonly output: JsonObject;
  readonly annotations?: JsonObject;
  readonly run: Tool['run'];
}

function tool(name: string, description: string, inputSchema: JsonObject, { output, annotations = CHANGES, run }: Rest): Tool {
  return { name, title: name.replaceAll('_', ' '), description, inputSchema, outputSchema: output, annotations, run };
}

/** The graph in memory and in its file; one change after the other. */
class GraphStore {
  readonly #files: TemplateContext['files'];
  readonly #isKept: boolean;
  #graph: Promise<Graph> | undefined;
  #queue: Promise<unknown> = Promise.resolve();

  constructor({ files, parameters }: TemplateContext) {
    this.#files = files;
    this.#isKept = parameters['base_dir'] !== undefined;
  }

  graph(): Promise<Graph> {
    return (this.#graph ??= this.#load());
  }

  /** Resolves with how many facts changed. */
  change(work: (graph: Graph) => number): Promise<number> {
    const done = this.#queue.then(async () => {
      const graph = structuredClone(await this.graph());
      const changed = work(graph);
      if (this.#isKept) await this.#files.write(FILE, JSON.stringify(graph));
      this.#graph = Promise.resolve(graph);
      return changed;
    });
    this.#queue = done.catch(() => undefined);
    return done;
  }

  async #load(): Promise<Graph> {
    const empty: Graph = { entities: [], relations: [] };
    if (!this.#isKept || !(await this.#files.list('.')).some(({ name }) => name === FILE)) return empty;
    return GraphSchema.parse(JSON.parse((await this.#files.read(FILE)).toString()));
  }
}

function addEntities(graph: Graph, entities: Graph['entities']): number {
  let changed = 0;
  for (const { name, entityType, observations } of entities) {
    let known = graph.entities.find((candidate) => candidate.name === name);
    if (known === undefined) {
      graph.entities.push((known = { name, entityType, observations: [] }));
      changed += 1;
    }
    for (const observation of observations) {
      if (known.observations.includes(observation)) continue;
      known.observations.push(observation);
      changed += 1;
    }
  }
  return changed;
}

function addRelations(graph: Graph, relations: Graph['relations']): number {
  const fresh = relations.filter((added) => !graph.relations.some((known) => known.from === added.from && known.to === added.to && known.relationType === added.relationType));
  graph.relations.push(...fresh);
  return fresh.length;
}

function forget(graph: Graph, gone: ReadonlySet<string>): number {
  const before = graph.entities.length + graph.relations.length;
  graph.entities = graph.entities.filter(({ name }) => !gone.has(name));
  graph.relations = graph.relations.filter(({ from, to }) => !gone.has(from) && !gone.has(to));
  return before - graph.entities.length - graph.relations.length;
}

function search(graph: Graph, query: string): Graph {
  const entities = graph.entities.filter(({ name, entityType, observations }) => [name, entityType, ...observations].some((part) => part.toLowerCase().includes(query)));
  const found = new Set(entities.map(({ name }) => name));
  return { entities, relations: graph.relations.filter(({ from, to }) => found.has(from) || found.has(to)) };
}
