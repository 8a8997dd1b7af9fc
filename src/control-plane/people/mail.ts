/** Mail by SMTP. The host is the operator's own; content comes from us alone, so nothing is fetched or read from disk for it. */
import type { Socket } from 'node:net';
import { Fault } from '../../base/fault.ts';
import type { Mail } from '../people-services.ts';

export interface MailSettings {
  /** `smtp://` or `smtps://`, with user and password where the server asks for them. */
  readonly url: string;
  readonly from: string;
}

const TIMEOUT_MS = 10_000;

/** A connection to the mail server; TLS is spoken over it where the address or the server wants it. */
export type ConnectMail = (host: string, port: number) => Promise<Socket>;

/** RFC 8314 section 7.3, RFC 6409 section 3.1. */
const PORTS = { 'smtps:': 465, 'smtp:': 587 } as const;

/** Rejects with `upstream.unavailable`; the detail says what the mail server said, without its credentials. */
export function createSendMail({ url, from }: MailSettings, connect: ConnectMail): (mail: Mail) => Promise<void> {
  const { hostname, port, protocol } = new URL(url);
  const getSocket = (_options: unknown, callback: (error: Error | null, made: { readonly connection: Socket } | false) => void): void => {
    connect(hostname.replace(/^\[|\]$/g, ''), port === '' ? PORTS[protocol === 'smtps:' ? protocol : 'smtp:'] : Number(port)).then(
      (connection) => callback(null, { connection }),
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), false),
    );
  };
  return async ({ to, subject, text }) => {
    // Loaded with the first mail: a start reads less.
    const { createTransport } = await import('nodemailer');
    const transport = createTransport({ url, getSocket, connectionTimeout: TIMEOUT_MS, greetingTimeout: TIMEOUT_MS, socketTimeout: TIMEOUT_MS, disableFileAccess: true, disableUrlAccess: true });
    try {
      await transport.sendMail({ from, to: { name: '', address: to }, subject, text });
    } catch (thrown) {
      const code = thrown instanceof Error && 'code' in thrown ? `${String(thrown.code)}: ` : '';
      throw new Fault('upstream.unavailable', { message: 'The mail server did not take the mail.', reason: 'mail', detail: `${code}${thrown instanceof Fault ? (thrown.detail ?? '') : thrown instanceof Error ? thrown.message.slice(0, 300) : ''}`, cause: thrown });
    }
  };
}
