/** Every link to one server, from before its handshake to its end, so that none outlives the server's place in the gateway. */
import { Fault } from '../base/fault.ts';
import type { Link, LinkEvents, OpenLink } from './link.ts';

export class OpenLinks {
  readonly #links = new Set<Link>();
  readonly #server: string;
  #isClosed = false;

  constructor(server: string) {
    this.#server = server;
  }

  /** The same opener, for links that are known here. Rejects with `upstream.unavailable` after `close`. */
  track(openLink: OpenLink): OpenLink {
    return async (events) => {
      const opened: { link?: Link } = {};
      let isEnded = false;
      const known: LinkEvents = {
        message: (envelope, carrier) => events.message(envelope, carrier),
        failed: (id, fault, status) => events.failed(id, fault, status),
        answered: (id, headers) => events.answered?.(id, headers),
        dropped: (reason, detail) => events.dropped(reason, detail),
        closed: (fault) => {
          isEnded = true;
          if (opened.link !== undefined) this.#links.delete(opened.link);
          events.closed(fault);
        },
      };
      const link = await openLink(known);
      opened.link = link;
      if (!isEnded) this.#links.add(link);
      if (!this.#isClosed) return link;
      await link.close();
      throw new Fault('upstream.unavailable', { server: this.#server, reason: 'stopped' });
    };
  }

  /** Resolves when no link is left; whoever is still shaking hands learns that it is over. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#links].map((link) => link.close()));
  }
}
