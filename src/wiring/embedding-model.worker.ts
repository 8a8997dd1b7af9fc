/**
 * The thread that runs an embedding model from a file: texts in, vectors out. The runtime is a package that the operator
 * adds (it is larger than everything else together): the native one where it is there, else the one in WebAssembly.
 */
import { readFile } from 'node:fs/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { WordPieces } from '../search/word-pieces.ts';

export interface ModelData {
  /** In ONNX, an encoder of the BERT family. */
  readonly modelPath: string;
  readonly vocabularyPath: string;
  /** Packages or addresses of them, the first that is there. */
  readonly runtimes: readonly string[];
}

export interface ModelRequest {
  readonly id: number;
  readonly texts: readonly string[];
}

export type ModelAnswer = { readonly id: number; readonly vectors: readonly Float32Array[] } | { readonly id: number; readonly problem: string };

/** What is used of the runtime's API, which both packages share. */
interface Runtime {
  readonly env: { readonly wasm: { numThreads?: number } };
  readonly Tensor: new (type: 'int64', data: BigInt64Array, dims: readonly number[]) => unknown;
  readonly InferenceSession: { create(model: Uint8Array): Promise<Session> };
}

interface Output {
  readonly data: ArrayLike<number>;
  readonly dims: readonly number[];
}

interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(feeds: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, Output>>>;
}

interface Model {
  readonly runtime: Runtime;
  readonly session: Session;
  readonly words: WordPieces;
}

/** Most such models read 256 or 512; what a tool is for stands at the beginning. */
const IDS_MAX = 256;
/** Of several outputs, the one that is already one vector a text. */
const POOLED = ['sentence_embedding', 'last_hidden_state'];

async function loadRuntime(names: readonly string[]): Promise<Runtime> {
  for (const name of names) {
    try {
      const found = (await import(name)) as Runtime & { readonly default?: Runtime };
      return found.default ?? found;
    } catch (thrown) {
      const { code } = thrown as { readonly code?: unknown };
      if (code !== 'ERR_MODULE_NOT_FOUND') throw thrown;
    }
  }
  throw new Error(`no runtime for ONNX is installed: add ${names.join(' or ')} beside metamcp`);
}

async function load({ modelPath, vocabularyPath, runtimes }: ModelData): Promise<Model> {
  const runtime = await loadRuntime(runtimes);
  // Threads of its own would take the processors from the gateway.
  runtime.env.wasm.numThreads = 1;
  const words = new WordPieces(await readFile(vocabularyPath, 'utf8'));
  return { runtime, words, session: await runtime.InferenceSession.create(await readFile(modelPath)) };
}

async function embed({ runtime, session, words }: Model, texts: readonly string[]): Promise<readonly Float32Array[]> {
  const rows = texts.map((text) => words.encode(text, IDS_MAX));
  const width = Math.max(...rows.map(({ length }) => length));
  const fill = (valueOf: (row: readonly number[], at: number) => number): unknown =>
    new runtime.Tensor('int64', BigInt64Array.from(rows.flatMap((row) => Array.from({ length: width }, (_, at) => BigInt(valueOf(row, at))))), [rows.length, width]);
  const inputs: Readonly<Record<string, () => unknown>> = {
    input_ids: () => fill((row, at) => row[at] ?? 0),
    attention_mask: () => fill((row, at) => (at < row.length ? 1 : 0)),
    token_type_ids: () => fill(() => 0),
  };
  const feeds = Object.fromEntries(session.inputNames.map((name) => [name, inputs[name]?.()]));
  const unknown = session.inputNames.find((name) => inputs[name] === undefined);
  if (unknown !== undefined) throw new Error(`the model wants an input named ${unknown}: only encoders of the BERT family will do`);
  const outputs = await session.run(feeds);
  const name = POOLED.find((each) => session.outputNames.includes(each)) ?? session.outputNames[0] ?? '';
  return toVectors(outputs[name], rows.map(({ length }) => length));
}

/** One vector a text, or the mean over the words of each, without what only fills the row. */
function toVectors(output: Output | undefined, lengths: readonly number[]): readonly Float32Array[] {
  const [count, first = 0, second] = output?.dims ?? [];
  if (output === undefined || count !== lengths.length) throw new Error('the model does not answer with a vector for each text');
  const size = second ?? first;
  return lengths.map((length, row) => {
    const vector = new Float32Array(size);
    const words = second === undefined ? 1 : length;
    const start = second === undefined ? row * size : row * first * size;
    for (let at = 0; at < words * size; at++) vector[at % size] = (vector[at % size] ?? 0) + (output.data[start + at] ?? 0) / words;
    return vector;
  });
}

const port = parentPort;
if (port === null) throw new Error('this file is started as a thread');
const model = load(workerData as ModelData);
// Told to whoever asks.
model.catch(() => undefined);
port.on('message', ({ id, texts }: ModelRequest) => {
  void model
    .then((loaded) => embed(loaded, texts))
    .then((vectors): ModelAnswer => ({ id, vectors }), (thrown: unknown): ModelAnswer => ({ id, problem: thrown instanceof Error ? thrown.message : String(thrown) }))
    .then((answer) => port.postMessage(answer));
});
