/** One-time links: made for one person, kept as a digest, used once. */
import { digestOf } from '../../auth/keys.ts';
import { Fault } from '../../base/fault.ts';
import { newId } from '../../base/ids.ts';
import { findOpenLink, insertLink, type LinkPurpose, type StoredLink, useLink } from '../../storage/one-time-links.ts';
import type { Db, Tx } from '../../storage/schema.ts';
import type { AdminServices } from '../operation.ts';

export type LinkServices = Pick<AdminServices, 'clock' | 'random' | 'instanceKey'>;

export interface LinkInput {
  readonly purpose: LinkPurpose;
  readonly role?: StoredLink['role'];
  readonly email?: string | undefined;
  readonly userId?: string;
  /** Id of a principal. */
  readonly createdBy: string;
  readonly lifeMs: number;
}

const TOKEN_BYTES = 32;

/** Writes a link. Its token is in the answer and nowhere else. */
export async function makeLink(tx: Tx, input: LinkInput, { clock, random, instanceKey }: LinkServices): Promise<{ readonly stored: StoredLink; readonly token: string }> {
  const { lifeMs, ...rest } = input;
  const token = Buffer.from(random(TOKEN_BYTES)).toString('base64url');
  const nowMs = clock.nowMs();
  const stored: StoredLink = {
    role: undefined,
    email: undefined,
    userId: undefined,
    ...rest,
    id: newId('lnk', clock, random),
    digest: digestOf(instanceKey.pepper, token),
    createdAtMs: nowMs,
    expiresAtMs: nowMs + lifeMs,
    usedAtMs: undefined,
  };
  await insertLink(tx, stored);
  return { stored, token };
}

/** Behind the `#`, so that no server, proxy or log on the way sees the token. */
export function toLinkAddress(publicUrl: string, token: string): string {
  return `${publicUrl}/link#${token}`;
}

/** Throws `request.not_found` for one that never was, was used, or is too old; the answer does not say which. */
export async function getOpenLink(db: Db, token: string, { clock, instanceKey }: Pick<LinkServices, 'clock' | 'instanceKey'>): Promise<StoredLink> {
  const link = await findOpenLink(db, digestOf(instanceKey.pepper, token), clock.nowMs());
  if (link === undefined) throw noLink();
  return link;
}

/** Throws `request.not_found` where another request used it first. */
export async function useUp(tx: Tx, link: StoredLink, atMs: number): Promise<void> {
  if (!(await useLink(tx, link.id, atMs))) throw noLink();
}

function noLink(): Fault {
  return new Fault('request.not_found', { message: 'This link does not work: it was used, taken back, or is too old.', reason: 'link' });
}
