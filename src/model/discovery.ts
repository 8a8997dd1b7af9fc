/** How an endpoint shows its tools: all of them, or a few tools to find and call the others with. */

export const DISCOVERY_MODES = ['full', 'search', 'code', 'auto'] as const;
/** `auto`: the whole list while it is cheap, else `search`. */
export type DiscoveryName = (typeof DISCOVERY_MODES)[number];

/** Vectors from an address that speaks the embeddings API of OpenAI. */
export interface EmbeddingServiceSpec {
  readonly kind: 'service';
  readonly url: string;
  readonly model: string;
  readonly dimensions: number | undefined;
  /** Values may still hold `${NAME}`. */
  readonly headers: Readonly<Record<string, string>>;
  /** A search waits so long for the vector of its query, then answers from words alone. */
  readonly patienceMs: number;
}

/** Vectors from a model in a file of the operator. */
export interface EmbeddingFileSpec {
  readonly kind: 'file';
  /** Vectors of one name are compared with each other. */
  readonly model: string;
  readonly modelPath: string;
  readonly vocabularyPath: string;
  readonly patienceMs: number;
}

export type EmbeddingsSpec = EmbeddingServiceSpec | EmbeddingFileSpec;

/** What one script of code mode may use. */
export interface ScriptLimits {
  /** Of computing; waiting for tools and people does not count. */
  readonly timeMs: number;
  readonly memoryBytes: number;
  readonly callsMax: number;
  readonly outputBytesMax: number;
}

export interface DiscoverySpec {
  readonly mode: DiscoveryName;
  /** `auto`: what definitions may cost before they are searched instead of listed. */
  readonly budgetTokens: number;
  /** Exposed names that are listed in every mode. */
  readonly pins: readonly string[];
  /** Said of `search_tools` instead of the names of the servers. */
  readonly searchDescription: string | undefined;
  /** Words of searches that led to successful calls are remembered. */
  readonly isLearning: boolean;
  readonly embeddings: EmbeddingsSpec | undefined;
  /** Clients may search the operator's catalogue of servers and ask for one. */
  readonly isFindingServers: boolean;
  /** What the texts of a result may cost that was called through `call_tool` or `call_read_tool`, estimated; 0: anything. */
  readonly resultTokens: number;
  readonly script: ScriptLimits;
}

/** A rule that computes the tools of an endpoint: of all that its namespace offers, those that fit. */
export interface ToolRule {
  /** Of the server or of the override; empty: any. */
  readonly tags: readonly string[];
  /** What the tools must have to do with; undefined: anything. */
  readonly query: string | undefined;
  readonly max: number;
}
