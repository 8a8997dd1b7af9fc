/** How an endpoint shows its tools, as it is written in the configuration. */
import { z } from 'zod';
import { DISCOVERY_MODES, type DiscoverySpec, type EmbeddingsSpec, type ToolRule } from './discovery.ts';

/** 4 % of a context of 200,000 tokens, about 55 tools: where searching begins to pay, with its extra round trip. */
export const BUDGET_TOKENS_DEFAULT = 8_000;

/** Of 531 results of real servers three in twenty are longer; they cost as much as half of all. */
export const RESULT_TOKENS_DEFAULT = 2_000;

const patienceMs = z.int().min(0).max(2_000).default(150).describe('A search waits so long for the vector of its query, milliseconds.');
const path = z.string().min(1).max(4_096);

const EmbeddingServiceSchema = z.strictObject({
  url: z
    .string()
    .refine((text) => /^https?:\/\//.test(text) && URL.canParse(text), 'expected an absolute http or https address')
    .describe('Address of an embeddings API in the manner of OpenAI, e.g. https://models.example/v1/embeddings.'),
  model: z.string().min(1).max(200),
  dimensions: z.int().min(8).max(8_192).optional().describe('Asked of the model, where it can shorten its vectors.'),
  headers: z.record(z.string(), z.string()).default({}).describe('Headers of every request. Values may hold ${NAME}.'),
  patienceMs,
});

const EmbeddingFileSchema = z.strictObject({
  onnx: path.describe('File of a model in ONNX, an encoder of the BERT family such as all-MiniLM-L6-v2. Relative paths are from the folder the gateway was started in.'),
  vocabulary: path.describe('Its vocab.txt: a piece a line.'),
  model: z.string().min(1).max(200).optional().describe('Name of the model; without it, its path. Another file in its place needs another name, since vectors are kept by it.'),
  patienceMs,
});

const EmbeddingsConfigSchema = z.union([EmbeddingServiceSchema, EmbeddingFileSchema]);

const ScriptLimitsSchema = z.strictObject({
  timeMs: z.int().min(10).max(60_000).default(2_000).describe('Computing time of a script, milliseconds. Waiting for tools does not count.'),
  memoryBytes: z
    .int()
    .min(1 << 20)
    .max(512 << 20)
    .default(64 << 20),
  callsMax: z.int().min(1).max(1_000).default(50).describe('Calls of tools in one script.'),
  outputBytesMax: z
    .int()
    .min(256)
    .max(1 << 20)
    .default(32_768)
    .describe('What a script returns may be so long.'),
});

const mode = z.enum(DISCOVERY_MODES);

const DiscoveryObjectSchema = z.strictObject({
  mode: mode.default('search'),
  budgetTokens: z.int().min(0).max(10_000_000).default(BUDGET_TOKENS_DEFAULT).describe('auto: definitions may cost so many tokens before they are searched.'),
  pins: z.array(z.string().min(1)).max(200).default([]).describe('Exposed names of tools that are always listed.'),
  description: z.string().min(1).max(600).optional().describe('Said of search_tools; without it, the names of the servers.'),
  learning: z.boolean().default(false).describe('Words of searches that led to successful calls are remembered, in this process only.'),
  embeddings: EmbeddingsConfigSchema.optional(),
  findServers: z.boolean().default(false).describe('search: clients also get search_servers over the catalogue, and add_server, which a person must approve.'),
  resultTokens: z.int().min(0).max(10_000_000).default(RESULT_TOKENS_DEFAULT).describe('search, auto: the texts of a result may cost so many tokens where the tool was called through call_tool or call_read_tool; the rest is kept to be read. 0: anything.'),
  script: ScriptLimitsSchema.default({ timeMs: 2_000, memoryBytes: 64 << 20, callsMax: 50, outputBytesMax: 32_768 }).describe('code: what one script may use.'),
});

export const DiscoveryConfigSchema = z
  .union([mode, DiscoveryObjectSchema])
  .default('full')
  .describe('full: the whole list of tools. search: tools to find and call the others. code: a tool that runs scripts. auto: full while it is cheap, else search.');

export type DiscoveryConfig = z.infer<typeof DiscoveryConfigSchema>;

export const ToolRuleSchema = z
  .strictObject({
    tags: z.array(z.string().min(1).max(64)).max(50).default([]).describe('Tags of servers or overrides, any of them.'),
    query: z.string().min(1).max(500).optional().describe('What the tools must have to do with, as one would search for them.'),
    max: z.int().min(1).max(1_000).default(50).describe('At most so many tools, the best first.'),
  })
  .describe('Computes the tools of this endpoint from what its namespace offers.');

export function toDiscoverySpec(config: DiscoveryConfig): DiscoverySpec {
  const { description, learning, findServers, ...written } = typeof config === 'string' ? DiscoveryObjectSchema.parse({ mode: config }) : config;
  const { embeddings } = written;
  return {
    ...written,
    searchDescription: description,
    isLearning: learning,
    isFindingServers: findServers,
    embeddings: embeddings && toEmbeddingsSpec(embeddings),
  };
}

function toEmbeddingsSpec(config: z.infer<typeof EmbeddingsConfigSchema>): EmbeddingsSpec {
  if ('url' in config) return { kind: 'service', ...config, dimensions: config.dimensions };
  const { onnx, vocabulary, model = onnx, patienceMs: waitMs } = config;
  return { kind: 'file', model, modelPath: onnx, vocabularyPath: vocabulary, patienceMs: waitMs };
}

export function toToolRule(config: z.infer<typeof ToolRuleSchema> | undefined): ToolRule | undefined {
  return config && { ...config, query: config.query };
}
