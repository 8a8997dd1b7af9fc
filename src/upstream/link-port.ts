/**
 * A link with a replaceable listener: era detection asks on the same link that a peer then takes over, so that a
 * process is not started twice. Messages that come while nobody listens are lost; none are expected then.
 */
import type { Fault } from '../base/fault.ts';
import type { Envelope } from '../protocol/envelope.ts';
import type { Link, LinkEvents, OpenLink } from './link.ts';

/** A link and the right to hear it. */
export interface PeerPort {
  readonly link: Link;
  attach(listener: LinkEvents): void;
}

export class LinkPort implements PeerPort {
  readonly link: Link;
  readonly #relay: Relay;

  private constructor(link: Link, relay: Relay) {
    this.link = link;
    this.#relay = relay;
  }

  /** Opens the link; rejects with its fault, also where the link closed before it was open. */
  static async open(openLink: OpenLink): Promise<LinkPort> {
    const relay = new Relay();
    const link = await openLink(relay);
    return new LinkPort(link, relay);
  }

  /** From now on `listener` hears all. A link that is gone already says so at once. */
  attach(listener: LinkEvents): void {
    this.#relay.listener = listener;
    if (this.#relay.end !== undefined) listener.closed(this.#relay.end);
  }
}

class Relay implements LinkEvents {
  listener: LinkEvents | undefined;
  end: Fault | undefined;

  message(envelope: Envelope, carrier: number | undefined): void {
    this.listener?.message(envelope, carrier);
  }

  failed(id: number, fault: Fault, status?: number): void {
    this.listener?.failed(id, fault, status);
  }

  answered(id: number, headers: Readonly<Record<string, string | undefined>>): void {
    this.listener?.answered?.(id, headers);
  }

  closed(fault: Fault): void {
    if (this.end !== undefined) return;
    this.end = fault;
    this.listener?.closed(fault);
  }

  dropped(...args: Parameters<LinkEvents['dropped']>): void {
    this.listener?.dropped(...args);
  }
}
