import { toIso } from '../../base/clock.ts';
import { ListGrants } from '../../contract/grants.ts';
import { listGrants as listStored } from '../../storage/grants.ts';
import { bindRead } from '../operation.ts';
import { findOwnGrants } from './own-grants.ts';

export const listGrants = bindRead(ListGrants, async ({ db, viewer, services }) => {
  const stored = await listStored(db);
  const { isOwn } = await findOwnGrants(db, viewer, services.objects());
  const visible = viewer.permissions.has('private:all') ? stored : stored.filter(isOwn);
  return {
    items: visible.map(({ id, server, principal, issuer, resource, scope, expiresAtMs, createdAtMs, updatedAtMs }) => ({
      id,
      server,
      principal,
      issuer,
      resource,
      scopes: scope?.split(' ') ?? [],
      expiresAt: expiresAtMs === undefined ? null : toIso(expiresAtMs),
      createdAt: toIso(createdAtMs),
      updatedAt: toIso(updatedAtMs),
    })),
  };
});
