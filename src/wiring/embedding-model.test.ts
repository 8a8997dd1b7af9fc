/** A model of ONNX that this test writes: each piece of the vocabulary has a vector, and a text is the mean of its pieces. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createEmbeddingModel, type EmbeddingModel, ONNX_RUNTIMES } from './embedding-model.ts';
import { systemClock } from '../base/clock.ts';

const folder = mkdtempSync(join(tmpdir(), 'metamcp-onnx-'));
const models: EmbeddingModel[] = [];
afterAll(async () => {
  await Promise.all(models.map((model) => model.close()));
  rmSync(folder, { recursive: true, force: true });
});

const VOCABULARY = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'rain', 'umbrella', 'letter', 'mail'];
const VECTORS = [[0, 0], [0, 0], [0, 0], [0, 0], [1, 0], [1, 0], [0, 1], [0, 1]];

// Protocol Buffers by hand: a field is its number and wire type, and lengths come before bytes.
const varint = (value: number): number[] => (value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))]);
const number = (field: number, value: number): number[] => [...varint(field * 8), ...varint(value)];
const bytes = (field: number, value: readonly number[] | string): number[] => {
  const content = typeof value === 'string' ? [...Buffer.from(value)] : value;
  return [...varint(field * 8 + 2), ...varint(content.length), ...content];
};
const FLOAT = 1;
const INT64 = 7;
const valueInfo = (name: string, type: number, dims: readonly (string | number)[]): number[] => {
  const shape = dims.flatMap((dim) => bytes(1, typeof dim === 'number' ? number(1, dim) : bytes(2, dim)));
  return [...bytes(1, name), ...bytes(2, bytes(1, [...number(1, type), ...bytes(2, shape)]))];
};

/** `last_hidden_state = Gather(table, input_ids)`, in the form of onnx.proto (IR version 8, operator set 13). */
function onnxModel(input = 'input_ids'): Uint8Array {
  const table = [...number(1, VECTORS.length), ...number(1, 2), ...number(2, FLOAT), ...bytes(8, 'table'), ...bytes(9, [...new Uint8Array(Float32Array.from(VECTORS.flat()).buffer)])];
  const node = [...bytes(1, 'table'), ...bytes(1, input), ...bytes(2, 'last_hidden_state'), ...bytes(4, 'Gather')];
  const graph = [...bytes(1, node), ...bytes(2, 'tiny'), ...bytes(5, table), ...bytes(11, valueInfo(input, INT64, ['n', 'l'])), ...bytes(12, valueInfo('last_hidden_state', FLOAT, ['n', 'l', 2]))];
  return Uint8Array.from([...number(1, 8), ...bytes(7, graph), ...bytes(8, [...bytes(1, ''), ...number(2, 13)])]);
}

function open(model: Uint8Array, runtimes = ONNX_RUNTIMES): EmbeddingModel {
  const modelPath = join(folder, `${models.length}.onnx`);
  const vocabularyPath = join(folder, `${models.length}.txt`);
  writeFileSync(modelPath, model);
  writeFileSync(vocabularyPath, VOCABULARY.join('\n'));
  const opened = createEmbeddingModel({ modelPath, vocabularyPath, runtimes }, systemClock);
  models.push(opened);
  return opened;
}

const isInstalled = ONNX_RUNTIMES.some((name) => {
  try {
    return import.meta.resolve(name) !== '';
  } catch {
    return false;
  }
});

test('without a runtime it is said which packages to add', async () => {
  await expect(open(onnxModel(), ['no-such-runtime-a', 'no-such-runtime-b']).embed(['rain'])).rejects.toMatchObject({
    code: 'upstream.unavailable',
    detail: 'embeddings: no runtime for ONNX is installed: add no-such-runtime-a or no-such-runtime-b beside metamcp',
  });
});

test.skipIf(!isInstalled)('texts become vectors, each the mean of its pieces and none of its padding', async () => {
  const vectors = await open(onnxModel()).embed(['rain umbrella letter', 'Mail']);
  expect(vectors.map((vector) => [...vector].map((value) => Math.round(value * 1_000)))).toEqual([
    [400, 200],
    [0, 333],
  ]);
});

test.skipIf(!isInstalled)('a model that is none, or wants what nobody has, is refused, and asked again it says so again', async () => {
  await expect(open(Uint8Array.of(1, 2, 3)).embed(['rain'])).rejects.toMatchObject({ code: 'upstream.unavailable' });
  const other = open(onnxModel('pixels'));
  for (let time = 0; time < 2; time++) await expect(other.embed(['rain'])).rejects.toMatchObject({ detail: expect.stringContaining('wants an input named pixels') as unknown });
});
