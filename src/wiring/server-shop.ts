/** The catalogue in the data folder as clients may find it, and how what was approved comes into the configuration. */
import type { Clock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import { refuseOwned } from '../control-plane/configuration/plan.ts';
import { refuseInvalid } from '../control-plane/configuration/refuse-invalid.ts';
import type { Publisher } from '../control-plane/publish.ts';
import { readCatalogue, toOffer } from '../control-plane/registry/registry.ts';
import type { ServerOffer, ServerShop } from '../data-plane/server-shop.ts';
import { isObject, type JsonObject } from '../protocol/messages.ts';
import { insertAuditEvent } from '../storage/audit-events.ts';

export interface ServerShopDeps {
  readonly clock: Clock;
  /** Where `catalogue.json` lies. */
  readonly dataFolder: string;
  readonly publisher: Pick<Publisher, 'change'>;
  /** For the log: entries that are no servers. */
  readonly report: (problem: string) => void;
}

export function createServerShop({ clock, dataFolder, publisher, report }: ServerShopDeps): ServerShop {
  let read: { readonly text: string; readonly offers: readonly ServerOffer[] } | undefined;
  return {
    list: async () => {
      const { text, servers, problems } = await readCatalogue(dataFolder);
      if (read?.text === text) return read.offers;
      for (const problem of problems) report(problem);
      const offers = servers.flatMap((server): ServerOffer[] => {
        const made = toOffer(server);
        if (made === undefined) return [];
        const { isPinned, ...offer } = made;
        return [{ ...offer, problem: isPinned ? undefined : 'it names no exact version' }];
      });
      read = { text, offers };
      return offers;
    },
    add: (offer, { namespace, principal, approval }) =>
      publisher.change(principal.id, async (draft) => {
        const shown = draft.find({ kind: 'namespaces', name: namespace });
        if (shown === undefined || shown.owner !== undefined) throw new Fault('request.conflict', { message: 'The namespace has changed; search again.', reason: 'changed' });
        refuseOwned(shown);
        const body = withServer(shown.body, offer.server);
        // Where it is configured already, of whatever version, that one is shown: nothing is replaced from here.
        const there = draft.find({ kind: 'servers', name: offer.server });
        if (there !== undefined && there.owner !== undefined) throw new Fault('request.conflict', { message: 'There is a server of that name already.', reason: 'name_taken' });
        refuseInvalid(draft.objects, { ...(there === undefined ? { servers: { [offer.server]: offer.config } } : {}), namespaces: { [namespace]: body } });
        if (there === undefined) await draft.insert({ kind: 'servers', name: offer.server, body: offer.config, owner: undefined, managedBy: undefined });
        await draft.update(shown, { body });
        await insertAuditEvent(draft.tx, { atMs: clock.nowMs(), principal: principal.id, action: 'addFoundServer', subject: offer.server, outcome: 'done', detail: { namespace, approval, offer: offer.name, version: offer.version } });
        return { result: undefined, reason: `approval ${approval}` };
      }),
  };
}

/** Servers of a namespace are a list of names, or of objects that name one. */
function withServer(body: JsonObject, server: string): JsonObject {
  const servers = Array.isArray(body['servers']) ? body['servers'] : [];
  const isThere = servers.some((each) => each === server || (isObject(each) && each['server'] === server));
  return isThere ? body : { ...body, servers: [...servers, server] };
}
