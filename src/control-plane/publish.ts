/**
 * Publishing: stored objects and keys → compile → swap. A change is one transaction that is compiled before it ends: what
 * does not compile is rolled back, the old snapshot stays, and whoever asked is told why. What is answered is published.
 */
import type { ConfigDocument } from '../model/config-document.ts';
import { parseConfigDocument } from '../model/config-document.ts';
import { configInvalid, type Locate, locateFindings } from '../model/config-problem.ts';
import { compile } from '../snapshot/compile.ts';
import type { CompileOptions, StoredKey } from '../snapshot/compile-context.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { listPins } from '../storage/definition-pins.ts';
import type { Generations } from '../storage/generations.ts';
import { loadKeyPeppers } from '../storage/key-peppers.ts';
import { readConfigStamp } from '../storage/config-stamp.ts';
import { listActiveKeys } from '../storage/keys.ts';
import type { Storage } from '../storage/open-storage.ts';
import type { Db } from '../storage/schema.ts';
import { query, transact } from '../storage/transaction.ts';
import { type ConfigObject, toSections } from './configuration/config-object.ts';
import { ConfigDraft, loadObjects, type SealingDeps } from './configuration/draft.ts';
import { writeVersion } from './configuration/versions.ts';
import { findVisibilityProblems, mayRefer } from './configuration/visibility.ts';

export interface PublisherDeps extends SealingDeps {
  readonly storage: Storage;
  /** For the peppers of keys. */
  readonly wrapping: Uint8Array;
  readonly compileOptions: Omit<CompileOptions, 'generation' | 'renewKeyDigest' | 'extraKeys' | 'pins' | 'locate' | 'warnings' | 'ownerOf' | 'endpointOwnerOf' | 'publicEndpoints'>;
  /** Throws `config.invalid` for a snapshot that must not be served, whatever it says. */
  readonly check: (snapshot: Snapshot) => void;
  /** Where several gateways share the database; undefined: this one counts its snapshots. */
  readonly generations?: Generations | undefined;
}

/** What a change tells about itself. */
export interface Change<Result> {
  readonly result: Result;
  /** Kept with the version, where objects changed. */
  readonly reason: string;
  /** Where the objects stand in the text they came from. */
  readonly locate?: Locate | undefined;
  /** Kept in the snapshot until a change brings others. */
  readonly warnings?: readonly string[] | undefined;
  /** Compiled like any other, then undone. */
  readonly isTrial?: boolean;
}

export interface Publisher {
  readonly snapshot: () => Snapshot;
  readonly objects: () => readonly ConfigObject[];
  readonly document: () => ConfigDocument;
  /** Reads and compiles what is stored again. */
  readonly publish: () => Promise<void>;
  /** As `publish`, where the snapshot is older than this generation. */
  readonly follow: (generation: number) => Promise<void>;
  /** Publishes where another gateway on the same database changed something. Rejects with `storage.unavailable`, `config.invalid`. */
  readonly refresh: () => Promise<void>;
  /**
   * One change: `work` and the version it makes are one transaction, in place when this resolves.
   * Rejects with `config.invalid` and what `work` throws, and then nothing changed.
   */
  readonly change: <Result>(author: string, work: (draft: ConfigDraft) => Promise<Change<Result>>) => Promise<Result>;
  readonly onPublish: (listener: (snapshot: Snapshot) => void) => void;
}

interface Made {
  readonly objects: readonly ConfigObject[];
  readonly document: ConfigDocument;
  readonly snapshot: Snapshot;
  /** Of what was read, not of compiling. */
  readonly warnings: readonly string[];
  readonly stamp: string | undefined;
}

/** Ends a transaction that was only a trial. */
class Undo extends Error {}

/** Resolves with the first snapshot made of what is stored. Rejects with `config.invalid`. */
export async function createPublisher(deps: PublisherDeps): Promise<Publisher> {
  const { storage } = deps;
  const listeners: ((snapshot: Snapshot) => void)[] = [];
  const read = ({ otherwise, warnings = [] }: { readonly otherwise: number; readonly warnings?: readonly string[] }): Promise<Made> =>
    query(storage.db, async (db) => {
      // First: what changes meanwhile is read once more then, not missed.
      const generation = (await deps.generations?.read(db)) ?? otherwise;
      const stamp = await readConfigStamp(db, storage.dialect);
      return make(db, await loadObjects(db, deps), { deps, stamp, generation, warnings });
    });
  let current = await read({ otherwise: 1 });
  const swap = (made: Made): void => {
    current = made;
    for (const listener of listeners) listener(made.snapshot);
  };
  // One at a time and in order: no change may overwrite another's snapshot.
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const done = turn.then(work);
    turn = done.catch(() => undefined);
    return done;
  };
  const next = async (db: Db): Promise<number> => (await deps.generations?.read(db)) ?? current.snapshot.generation + 1;
  const reload = async (): Promise<void> => swap(await read({ otherwise: current.snapshot.generation + 1, warnings: current.warnings }));

  const change: Publisher['change'] = (author, work) =>
    inTurn(async () => {
      let made: Made | undefined;
      let outcome: Awaited<ReturnType<typeof work>> | undefined;
      try {
        await transact(storage.db, async (tx) => {
          await deps.generations?.lock(tx);
          const draft = new ConfigDraft(tx, await loadObjects(tx, deps), deps);
          outcome = await work(draft);
          if (draft.isChanged) await writeVersion(draft, { author, reason: outcome.reason }, deps);
          const stamp = await readConfigStamp(tx, storage.dialect);
          made = await make(tx, draft.objects, { deps, stamp, generation: await next(tx), locate: outcome.locate, warnings: outcome.warnings ?? current.warnings });
          if (outcome.isTrial === true) throw new Undo();
        });
      } catch (thrown) {
        if (!(thrown instanceof Undo)) throw thrown;
        made = undefined;
      }
      if (made !== undefined) swap(made);
      // Without an outcome the transaction threw.
      return (outcome as Awaited<ReturnType<typeof work>>).result;
    });

  return {
    snapshot: () => current.snapshot,
    objects: () => current.objects,
    document: () => current.document,
    publish: () => inTurn(reload),
    follow: (generation) => inTurn(() => (current.snapshot.generation < generation ? reload() : Promise.resolve())),
    refresh: () =>
      inTurn(async () => {
        const stamp = await query(storage.db, (db) => readConfigStamp(db, storage.dialect));
        if (stamp !== current.stamp) await reload();
      }),
    change,
    onPublish: (listener) => void listeners.push(listener),
  };
}

interface MakeOptions {
  readonly deps: PublisherDeps;
  readonly stamp: string | undefined;
  readonly generation: number;
  readonly locate?: Locate | undefined;
  readonly warnings?: readonly string[];
}

async function make(db: Db, objects: readonly ConfigObject[], { deps, stamp, generation, locate, warnings = [] }: MakeOptions): Promise<Made> {
  const document = parseConfigDocument(toSections(objects), locate);
  const problems = findVisibilityProblems(objects);
  if (problems.length > 0) throw configInvalid(locateFindings(problems, locate));
  const ownersOf = (section: ConfigObject['kind']): ReadonlyMap<string, string> => new Map(objects.flatMap(({ kind, name, owner }) => (kind === section && owner !== undefined ? [[name, owner]] : [])));
  const [owners, endpointOwners] = [ownersOf('servers'), ownersOf('endpoints')];
  const snapshot = compile(document, {
    ...deps.compileOptions,
    generation,
    renewKeyDigest: await loadKeyPeppers(db, deps.wrapping),
    extraKeys: (await listActiveKeys(db)).map((key) => withinReach(key, objects)),
    pins: await listPins(db),
    locate,
    warnings,
    ownerOf: (server) => owners.get(server),
    endpointOwnerOf: (endpoint) => endpointOwners.get(endpoint),
    publicEndpoints: publicEndpointsOf(objects),
  });
  deps.check(snapshot);
  return { objects, document, snapshot, warnings, stamp };
}

/** Undefined where all are. */
function publicEndpointsOf(objects: readonly ConfigObject[]): string[] | undefined {
  const endpoints = objects.filter((object) => object.kind === 'endpoints');
  const open = endpoints.filter((endpoint) => endpoint.owner === undefined);
  return open.length === endpoints.length ? undefined : open.map((endpoint) => endpoint.name);
}

/** A key for all endpoints opens the public ones and its owner's. */
function withinReach(key: StoredKey, objects: readonly ConfigObject[]): StoredKey {
  const { digest, former, id, name, endpoints, namespaces, tools, expiresAtMs, owner } = key;
  const kept = { digest, former, id, name, namespaces, tools, expiresAtMs, owner };
  const known = objects.filter((object) => object.kind === 'endpoints');
  const closed = new Set(known.filter((endpoint) => !mayRefer(key, endpoint)).map((endpoint) => endpoint.name));
  if (closed.size === 0) return { ...kept, endpoints };
  const all = endpoints.includes('*') ? known.map((endpoint) => endpoint.name) : endpoints;
  return { ...kept, endpoints: all.filter((endpoint) => !closed.has(endpoint)) };
}
