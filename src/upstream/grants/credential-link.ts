/**
 * A link that proves who it is: each message carries a token that lives, and a request that the server refuses for want
 * of one is sent once more when there is another. A 401 or 403 means that nothing was executed, so nothing runs twice.
 */
import { Fault, toFault } from '../../base/fault.ts';
import type { Envelope } from '../../protocol/envelope.ts';
import type { Link, LinkEvents, OpenLink, Outgoing } from '../link.ts';
import { readChallenge } from './challenge.ts';
import type { TokenHolder } from './token-holder.ts';

/** Tries of one request with different tokens. */
const TRIES_MAX = 3;

interface Sent {
  readonly message: Outgoing;
  readonly token: string | undefined;
  readonly tries: number;
  challenge?: string | undefined;
}

export interface CredentialLinkOptions {
  readonly server: string;
  readonly holder: TokenHolder;
  /** Opens the transport; `headers` are for a GET that opens it (sse). */
  readonly open: (events: LinkEvents, headers: Readonly<Record<string, string>>) => Promise<Link>;
}

/** Rejects as the transport does, with `upstream.grant_needed` where it needs a person, or with what the holder says. */
export function openCredentialLink(options: CredentialLinkOptions): OpenLink {
  return async (events) => {
    const link = new CredentialLink(options, events);
    await link.open();
    return link;
  };
}

class CredentialLink implements Link, LinkEvents {
  readonly #options: CredentialLinkOptions;
  readonly #events: LinkEvents;
  readonly #sent = new Map<number, Sent>();
  #inner: Link | undefined;
  #listenHeaders: Readonly<Record<string, string>> | undefined;
  #isClosed = false;

  constructor(options: CredentialLinkOptions, events: LinkEvents) {
    this.#options = options;
    this.#events = events;
  }

  get kind(): Link['kind'] {
    return this.#link.kind;
  }

  get pid(): number | undefined {
    return undefined;
  }

  get #link(): Link {
    if (this.#inner === undefined) throw new Fault('gateway.bug', { detail: 'the link is not open' });
    return this.#inner;
  }

  async open(): Promise<void> {
    for (let tries = 1; ; tries++) {
      const token = await this.#options.holder.token();
      try {
        this.#inner = await this.#options.open(this, bearer(token));
        return;
      } catch (thrown) {
        const fault = toFault(thrown);
        if (fault.code !== 'upstream.grant_needed' || tries >= TRIES_MAX) throw fault;
        // A stream that is refused tells its challenge in the detail only.
        const header = /www-authenticate: ([\s\S]*)$/.exec(fault.detail ?? '')?.[1];
        await this.#judge(token, { header, status: fault.reason === 'upstream_forbidden' ? 403 : 401, fault });
      }
    }
  }

  send(message: Outgoing): void {
    if (this.#isClosed) throw new Fault('upstream.closed', { server: this.#options.server, effect: 'not_executed', detail: 'the link is closed' });
    const { current } = this.#options.holder;
    if (message.id === undefined || current !== undefined) this.#sendWith(message, current, 1);
    else void this.#sendLater(message, 1);
  }

  abort(id: number): void {
    this.#sent.delete(id);
    this.#link.abort(id);
  }

  listen(headers: Readonly<Record<string, string>>): void {
    this.#listenHeaders = headers;
    this.#link.listen?.({ ...headers, ...bearer(this.#options.holder.current) });
  }

  close(end: { readonly deleteHeaders?: Readonly<Record<string, string>> } = {}): Promise<void> {
    this.#isClosed = true;
    const deleteHeaders = end.deleteHeaders && { ...end.deleteHeaders, ...bearer(this.#options.holder.current) };
    return this.#link.close(deleteHeaders === undefined ? {} : { deleteHeaders });
  }

  stderrTail(): string {
    return '';
  }

  message(envelope: Envelope, carrier: number | undefined): void {
    const id = envelope.kind === 'result' || envelope.kind === 'error' ? (envelope.id ?? carrier) : undefined;
    const sent = typeof id === 'number' ? this.#sent.get(id) : undefined;
    if (sent !== undefined) {
      this.#options.holder.accepted(sent.token);
      this.#sent.delete(sent.message.id ?? -1);
    }
    this.#events.message(envelope, carrier);
  }

  answered(id: number, headers: Readonly<Record<string, string | undefined>>): void {
    const sent = this.#sent.get(id);
    if (sent !== undefined) sent.challenge = headers['www-authenticate'];
    this.#events.answered?.(id, headers);
  }

  failed(id: number, fault: Fault, status?: number): void {
    const sent = this.#sent.get(id);
    this.#sent.delete(id);
    const isRefusal = fault.code === 'upstream.grant_needed' && (status === 401 || status === 403);
    if (sent === undefined || !isRefusal || this.#isClosed) this.#events.failed(id, fault, status);
    else void this.#sendAgain(sent, id, { status, fault });
  }

  closed(fault: Fault): void {
    this.#isClosed = true;
    this.#events.closed(fault);
  }

  dropped(...args: Parameters<LinkEvents['dropped']>): void {
    const [, detail] = args;
    if (detail === 'listening stream: HTTP 401' && this.#listenHeaders !== undefined) void this.#listenAgain(this.#listenHeaders);
    else this.#events.dropped(...args);
  }

  #sendWith(message: Outgoing, token: string | undefined, tries: number): void {
    if (message.id !== undefined) this.#sent.set(message.id, { message, token, tries });
    try {
      this.#link.send({ ...message, headers: { ...message.headers, ...bearer(token) } });
    } catch (thrown) {
      if (message.id !== undefined) this.#sent.delete(message.id);
      throw thrown;
    }
  }

  async #sendLater(message: Outgoing, tries: number): Promise<void> {
    const { id } = message;
    if (id === undefined) return;
    // Held under its id, so that `abort` is heard.
    this.#sent.set(id, { message, token: undefined, tries });
    try {
      const token = await this.#options.holder.token();
      if (this.#sent.has(id)) this.#sendWith(message, token, tries);
    } catch (thrown) {
      this.#sent.delete(id);
      this.#events.failed(id, toFault(thrown));
    }
  }

  async #sendAgain(sent: Sent, id: number, { status, fault }: { readonly status: 401 | 403; readonly fault: Fault }): Promise<void> {
    try {
      if (sent.tries >= TRIES_MAX) throw fault;
      this.#sent.set(id, sent);
      await this.#judge(sent.token, { header: sent.challenge, status, fault });
      if (this.#sent.delete(id)) await this.#sendLater(sent.message, sent.tries + 1);
    } catch (thrown) {
      if (this.#sent.delete(id) || thrown === fault) this.#events.failed(id, toFault(thrown), status);
    }
  }

  /** Resolves where there is another token. Rejects with `upstream.grant_needed`, or `upstream.protocol_error` where signing in does not help. */
  async #judge(token: string | undefined, refusal: { readonly header: string | undefined; readonly status: 401 | 403; readonly fault: Fault }): Promise<void> {
    const verdict = await this.#options.holder.refused(token, readChallenge(refusal.status, refusal.header));
    if (verdict === 'again') return;
    if (verdict === 'sign_in') throw refusal.fault;
    throw new Fault('upstream.protocol_error', { server: this.#options.server, reason: 'upstream_forbidden', effect: 'not_executed', detail: 'the server refuses what the grant covers', cause: refusal.fault });
  }

  async #listenAgain(headers: Readonly<Record<string, string>>): Promise<void> {
    try {
      const used = this.#options.holder.current;
      const verdict = await this.#options.holder.refused(used, readChallenge(401, undefined));
      if (verdict === 'again' && !this.#isClosed) this.listen(headers);
      else this.#events.dropped('not_delivered', 'listening stream: HTTP 401');
    } catch (thrown) {
      this.#events.dropped('not_delivered', `listening stream: ${toFault(thrown).code}`);
    }
  }
}

function bearer(token: string | undefined): Readonly<Record<string, string>> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}
