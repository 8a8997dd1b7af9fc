/**
 * Embeddings put together: the service that the operator names, asked over the dialer, or the model in a file, which runs in
 * a thread; and vectors kept in the database.
 */
import { z } from 'zod';
import type { Clock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import type { Embed, EmbeddingsDeps, EmbedRequest } from '../data-plane/embeddings.ts';
import { createEmbeddingModel, type EmbeddingModel, ONNX_RUNTIMES } from './embedding-model.ts';
import type { EmbeddingFileSpec, EmbeddingServiceSpec } from '../model/discovery.ts';
import { createValues, type Environment } from '../snapshot/values.ts';
import { loadVectors, saveVectors } from '../storage/embedding-vectors.ts';
import type { Storage } from '../storage/open-storage.ts';
import type { Dialer } from '../upstream/dialer/dialer.ts';
import { createWebFetch } from '../upstream/dialer/web-fetch.ts';

export interface EmbeddingServiceDeps {
  readonly clock: Clock;
  readonly dialer: Dialer;
  readonly storage: Storage;
  readonly environment: () => Environment;
  readonly failed: (detail: string) => void;
}

type AskService = (request: EmbedRequest & { readonly spec: EmbeddingServiceSpec }) => Promise<readonly Float32Array[]>;

const SERVICE = 'embeddings';
/** An address that matches no other: everything is then a stranger's. */
const NOBODYS_URL = 'http://nobody.invalid';

/** As the embeddings API of OpenAI answers; `index` says which text each is for. */
const AnswerSchema = z.object({ data: z.array(z.object({ index: z.int().min(0), embedding: z.array(z.number()) })) });

export function createEmbeddingService({ clock, dialer, storage, environment, failed }: EmbeddingServiceDeps): EmbeddingsDeps {
  const askService: AskService = async ({ spec, owner, texts }) => {
    const resolve = createValues(owner === undefined ? environment() : undefined);
    const headers = Object.fromEntries(Object.entries(spec.headers).map(([name, text]) => [name, resolve(text, SERVICE)]));
    const send = createWebFetch({ clock, dialer, operatorUrl: owner === undefined ? spec.url : NOBODYS_URL, service: SERVICE });
    const answer = await send(spec.url, { method: 'POST', headers: { ...headers, 'content-type': 'application/json', accept: 'application/json' }, body: bodyOf(spec, texts) });
    if (answer.status !== 200) throw new Fault('upstream.unavailable', { detail: `embeddings: the service answered ${answer.status}` });
    return vectorsOf(await answer.text());
  };
  const models = new Map<string, EmbeddingModel>();
  const askModel = ({ modelPath, vocabularyPath }: EmbeddingFileSpec, texts: readonly string[]): Promise<readonly Float32Array[]> => {
    const key = JSON.stringify([modelPath, vocabularyPath]);
    const model = models.get(key) ?? createEmbeddingModel({ modelPath, vocabularyPath, runtimes: ONNX_RUNTIMES }, clock);
    models.set(key, model);
    return model.embed(texts);
  };
  const embed: Embed = async ({ spec, owner, texts }) => {
    if (spec.kind === 'service') return askService({ spec, owner, texts });
    if (owner !== undefined) throw new Fault('egress.refused', { detail: 'embeddings: private endpoints reach no files of this machine' });
    return askModel(spec, texts);
  };
  const store: EmbeddingsDeps['store'] = {
    load: (model, hashes) => loadVectors(storage.db, model, hashes),
    save: (model, vectors) => saveVectors(storage.db, model, vectors),
  };
  return { clock, embed, store, failed };
}

function bodyOf(spec: EmbeddingServiceSpec, texts: readonly string[]): string {
  return JSON.stringify({ model: spec.model, input: texts, encoding_format: 'float', ...(spec.dimensions === undefined ? {} : { dimensions: spec.dimensions }) });
}

function vectorsOf(text: string): readonly Float32Array[] {
  try {
    const { data } = AnswerSchema.parse(JSON.parse(text));
    return data.toSorted((left, right) => left.index - right.index).map(({ embedding }) => Float32Array.from(embedding));
  } catch (thrown) {
    throw new Fault('upstream.protocol_error', { detail: 'embeddings: the answer is not of the form that is expected', cause: thrown });
  }
}
