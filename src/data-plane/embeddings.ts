/**
 * Embeddings of tools and queries, from a service or a model that the operator names. They come beside the search and never before
 * it: vectors of tools are filled in behind, a query waits for its own as long as the configuration has patience, and
 * whatever is not there in time, words alone answer.
 */
import { hash } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { Fault, toFault } from '../base/fault.ts';
import type { EmbeddingsSpec } from '../model/discovery.ts';
import type { SearchIndex } from '../search/search-index.ts';
import type { SearchView } from '../search/search-view.ts';
import type { SearchableServer, SearchableTool } from '../search/searchable-tool.ts';
import { type NearestTools, NOTHING_NEAR, placesOfGreatest } from '../search/nearest-tools.ts';

export interface EmbedRequest {
  readonly spec: EmbeddingsSpec;
  /** Id of the user whose endpoint asks, whose words reach strangers' addresses only; undefined: the operator's. */
  readonly owner: string | undefined;
  readonly texts: readonly string[];
}

/** Asks the service or the model; as many vectors as texts. Rejects with `upstream.unavailable`, `egress.refused`, `config.value_missing`. */
export type Embed = (request: EmbedRequest) => Promise<readonly Float32Array[]>;

/** Vectors of tools over restarts, by model and hash of the text. Rejects with `storage.unavailable`. */
export interface VectorStore {
  load(model: string, hashes: readonly string[]): Promise<ReadonlyMap<string, Float32Array>>;
  save(model: string, vectors: ReadonlyMap<string, Float32Array>): Promise<void>;
}

export interface EmbeddingsDeps {
  readonly clock: Clock;
  readonly embed: Embed;
  readonly store: VectorStore;
  /** For the log: what failed; searches go on from words. */
  readonly failed: (detail: string) => void;
}

const BATCH_TEXTS = 10;
const TEXT_CHARS_MAX = 2_000;
const QUERIES_MAX = 1_000;
const VECTORS_MAX = 50_000;
const MODELS_MAX = 16;
const RETRY_MS = 60_000;

interface Model {
  readonly key: string;
  readonly vectors: Map<string, Float32Array>;
  readonly queries: Map<string, Float32Array>;
  isFilling: boolean;
  retryAtMs: number;
}

type Asking = Omit<EmbedRequest, 'texts'>;

export class Embeddings {
  readonly #deps: EmbeddingsDeps;
  readonly #models = new Map<string, Model>();
  readonly #hashes = new WeakMap<SearchableTool, string>();

  constructor(deps: EmbeddingsDeps) {
    this.#deps = deps;
  }

  /** Never rejects, and resolves after the patience of the configuration at the latest. */
  async nearest(asking: Asking, view: SearchView, queries: readonly string[]): Promise<NearestTools> {
    const model = this.#modelOf(asking);
    void this.#fill(model, asking, view.index);
    if (model.vectors.size === 0) return NOTHING_NEAR;
    const missing = [...new Set(queries)].filter((query) => !model.queries.has(query));
    if (missing.length > 0 && this.#mayAsk(model)) {
      const { clock } = this.#deps;
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const stopTimer = clock.after(asking.spec.patienceMs, resolve);
      await Promise.race([this.#embedQueries(model, asking, missing), late]);
      stopTimer();
    }
    return new Map(queries.flatMap((query) => {
      const vector = model.queries.get(query);
      return vector === undefined ? [] : [[query, this.#nearTo(vector, model, view)] as const];
    }));
  }

  #nearTo(query: Float32Array, { vectors }: Model, { index, mask }: SearchView): readonly string[] {
    const scores = new Float64Array(index.toolCount);
    const tools = toolsOf(index);
    for (const [number, { server, tool }] of tools.entries()) {
      const vector = mask[number] === 1 ? vectors.get(this.#hashOf(server, tool)) : undefined;
      if (vector !== undefined) scores[number] = dot(query, vector);
    }
    return placesOfGreatest(scores).flatMap((number) => tools[number]?.tool.exposed ?? []);
  }

  async #embedQueries(model: Model, asking: Asking, queries: readonly string[]): Promise<void> {
    await this.#attempt(model, async () => {
      const vectors = await this.#embed(model, asking, queries);
      for (const [at, vector] of vectors.entries()) {
        const [oldest] = model.queries.keys();
        if (model.queries.size >= QUERIES_MAX && oldest !== undefined) model.queries.delete(oldest);
        model.queries.set(queries[at] ?? '', vector);
      }
    });
  }

  /** Makes what is missing for the tools of an index, one batch after the other; once at a time for a model. */
  async #fill(model: Model, asking: Asking, index: SearchIndex): Promise<void> {
    if (model.isFilling || !this.#mayAsk(model)) return;
    const texts = new Map<string, string>();
    for (const { server, tool } of toolsOf(index)) {
      const key = this.#hashOf(server, tool);
      if (!model.vectors.has(key)) texts.set(key, textOf(server, tool));
    }
    if (texts.size === 0) return;
    model.isFilling = true;
    await this.#attempt(model, async () => {
      for (const [key, vector] of await this.#deps.store.load(model.key, [...texts.keys()])) {
        keep(model, key, vector);
        texts.delete(key);
      }
      const open = [...texts];
      for (let at = 0; at < open.length; at += BATCH_TEXTS) {
        const batch = open.slice(at, at + BATCH_TEXTS);
        const made = await this.#embed(model, asking, batch.map(([, text]) => text));
        const vectors = new Map(made.map((vector, place) => [batch[place]?.[0] ?? '', vector]));
        for (const [key, vector] of vectors) keep(model, key, vector);
        await this.#deps.store.save(model.key, vectors);
      }
    });
    model.isFilling = false;
  }

  async #embed(model: Model, asking: Asking, texts: readonly string[]): Promise<readonly Float32Array[]> {
    const vectors = (await this.#deps.embed({ ...asking, texts })).map(normalized);
    const [known = vectors[0]] = model.vectors.values();
    if (vectors.length !== texts.length || vectors.some(({ length }) => length !== known?.length))
      throw new Fault('upstream.protocol_error', { detail: `embeddings: expected ${texts.length} vectors of ${known?.length ?? 0} numbers` });
    return vectors;
  }

  /** What fails is told, and tried again after a while. */
  async #attempt(model: Model, run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (thrown) {
      const fault = toFault(thrown);
      model.retryAtMs = this.#deps.clock.monotonicMs() + RETRY_MS;
      this.#deps.failed(fault.detail ?? fault.message);
    }
  }

  #mayAsk({ retryAtMs }: Model): boolean {
    return this.#deps.clock.monotonicMs() >= retryAtMs;
  }

  #modelOf({ spec, owner }: Asking): Model {
    const key = hash('sha256', JSON.stringify([...sourceOf(spec), owner ?? null]));
    const known = this.#models.get(key);
    if (known !== undefined) return known;
    const [oldest] = this.#models.keys();
    if (this.#models.size >= MODELS_MAX && oldest !== undefined) this.#models.delete(oldest);
    const made: Model = { key, vectors: new Map(), queries: new Map(), isFilling: false, retryAtMs: Number.NEGATIVE_INFINITY };
    this.#models.set(key, made);
    return made;
  }

  #hashOf(server: SearchableServer, tool: SearchableTool): string {
    const known = this.#hashes.get(tool);
    if (known !== undefined) return known;
    const made = hash('sha256', textOf(server, tool));
    this.#hashes.set(tool, made);
    return made;
  }
}

/** What makes vectors comparable. */
function sourceOf(spec: EmbeddingsSpec): readonly unknown[] {
  return spec.kind === 'service' ? [spec.url, spec.model, spec.dimensions ?? null] : [spec.modelPath, spec.vocabularyPath, spec.model];
}

/** In the order of their numbers. */
function toolsOf({ parts }: SearchIndex): readonly { readonly server: SearchableServer; readonly tool: SearchableTool }[] {
  return parts.flatMap(({ server }) => server.tools.map((tool) => ({ server, tool })));
}

function textOf({ name }: SearchableServer, { own, definition, keywords }: SearchableTool): string {
  return `${name} ${own}: ${String(definition['description'] ?? definition['title'] ?? '')} ${keywords.join(', ')}`.slice(0, TEXT_CHARS_MAX).toWellFormed();
}

function keep({ vectors }: Model, key: string, vector: Float32Array): void {
  const [oldest] = vectors.keys();
  if (vectors.size >= VECTORS_MAX && oldest !== undefined) vectors.delete(oldest);
  vectors.set(key, vector);
}

function normalized(vector: Float32Array): Float32Array {
  const length = Math.sqrt(dot(vector, vector));
  return length === 0 ? vector : vector.map((value) => value / length);
}

function dot(left: Float32Array, right: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < left.length; at++) sum += (left[at] ?? 0) * (right[at] ?? 0);
  return sum;
}
