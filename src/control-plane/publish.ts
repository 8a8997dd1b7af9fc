/**
 * Publishing: configuration and stored keys → compile → swap. A configuration that does not compile changes nothing:
 * the old snapshot stays and whoever asked is told why.
 */
import type { ConfigDocument } from '../model/config-document.ts';
import { compile } from '../snapshot/compile.ts';
import type { CompileOptions, StoredKey } from '../snapshot/compile-context.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Locate } from '../model/config-problem.ts';

/** A document, and where its parts lie in the file it came from, where it came from one. */
export interface PublishedSource {
  readonly document: ConfigDocument;
  readonly warnings?: readonly string[];
  readonly locate?: Locate | undefined;
}

export interface PublisherDeps {
  readonly compileOptions: Omit<CompileOptions, 'generation' | 'extraKeys' | 'locate' | 'warnings'>;
  /** Keys that only the store knows. */
  readonly storedKeys: () => Promise<readonly StoredKey[]>;
  /** Throws `config.invalid` for a snapshot that must not be served, whatever it says. */
  readonly check: (snapshot: Snapshot) => void;
}

export interface Publisher {
  readonly snapshot: () => Snapshot;
  readonly document: () => ConfigDocument;
  /** Compiles what is there again: the stored keys changed. */
  readonly publish: () => Promise<void>;
  /** Compiles another document and puts it in place. Rejects with `config.invalid` and changes nothing. */
  readonly replace: (source: PublishedSource) => Promise<void>;
  readonly onPublish: (listener: (snapshot: Snapshot) => void) => void;
}

/** Resolves with the first snapshot made. Rejects with `config.invalid`. */
export async function createPublisher(first: PublishedSource, deps: PublisherDeps): Promise<Publisher> {
  const listeners: ((snapshot: Snapshot) => void)[] = [];
  let generation = 0;
  let source = first;
  const make = async (next: PublishedSource): Promise<Snapshot> => {
    const extraKeys = await deps.storedKeys();
    const made = compile(next.document, { ...deps.compileOptions, generation: generation + 1, extraKeys, locate: next.locate, warnings: next.warnings ?? [] });
    deps.check(made);
    return made;
  };
  let snapshot = await make(first);
  generation = snapshot.generation;
  // One at a time and in order: a key change and an edited file must not overwrite each other.
  let turn: Promise<unknown> = Promise.resolve();
  const swap = (next: () => PublishedSource): Promise<void> => {
    const swapped = turn.then(async () => {
      const chosen = next();
      const made = await make(chosen);
      source = chosen;
      snapshot = made;
      generation = made.generation;
      for (const listener of listeners) listener(made);
    });
    turn = swapped.catch(() => undefined);
    return swapped;
  };
  return {
    snapshot: () => snapshot,
    document: () => source.document,
    publish: () => swap(() => source),
    replace: (next) => swap(() => next),
    onPublish: (listener) => void listeners.push(listener),
  };
}
