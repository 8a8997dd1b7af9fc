/** Where gateways of one instance keep results for each other: in the shared store, where they share a configuration too. */
import type { SharedResults } from '../model/middleware.ts';
import type { Base } from './gateway-base.ts';

/** Undefined where there is no shared store, or no shared database: then nobody says that two gateways serve the same. */
export function openSharedResults({ options: { clock, random, resolved }, instanceKey, undo }: Pick<Base, 'options' | 'instanceKey' | 'undo'>): SharedResults | undefined {
  const { sharedStoreUrl, databaseUrl } = resolved.settings;
  if (sharedStoreUrl === undefined || databaseUrl === undefined) return undefined;
  // Loaded only where there is such a store, and not before a step asks: a start reads less.
  let opening: Promise<SharedResults & { close(): void }> | undefined;
  const opened = (): Promise<SharedResults> => {
    opening ??= import('../data-plane/shared-results.ts').then(({ RedisResults }) => new RedisResults({ url: sharedStoreUrl, instanceKey: instanceKey.sealing, clock, random }));
    return opening;
  };
  undo.push(() => opening?.then((results) => results.close()));
  return {
    find: async (key) => (await opened()).find(key),
    keep: (key, result) => void opened().then((results) => results.keep(key, result)),
  };
}
