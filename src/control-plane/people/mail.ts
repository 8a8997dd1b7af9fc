/** Mail by SMTP. The host is the operator's own; content comes from us alone, so nothing is fetched or read from disk for it. */
import { createTransport } from 'nodemailer';
import { Fault } from '../../base/fault.ts';
import type { Mail } from '../people-services.ts';

export interface MailSettings {
  /** `smtp://` or `smtps://`, with user and password where the server asks for them. */
  readonly url: string;
  readonly from: string;
}

const TIMEOUT_MS = 10_000;

/** Rejects with `upstream.unavailable`; the detail says what the mail server said, without its credentials. */
export function createSendMail({ url, from }: MailSettings): (mail: Mail) => Promise<void> {
  const transport = createTransport({ url, connectionTimeout: TIMEOUT_MS, greetingTimeout: TIMEOUT_MS, socketTimeout: TIMEOUT_MS, disableFileAccess: true, disableUrlAccess: true });
  return async ({ to, subject, text }) => {
    try {
      await transport.sendMail({ from, to: { name: '', address: to }, subject, text });
    } catch (thrown) {
      const code = thrown instanceof Error && 'code' in thrown ? `${String(thrown.code)}: ` : '';
      throw new Fault('upstream.unavailable', { message: 'The mail server did not take the mail.', reason: 'mail', detail: `${code}${thrown instanceof Error ? thrown.message.slice(0, 300) : ''}`, cause: thrown });
    }
  };
}
