import { readPublicKey } from '../../audit/signing.ts';
import { adminText, verifyAudit as check } from '../../audit/verify.ts';
import { toIso } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { GetAuditKey, VerifyAudit } from '../../contract/audit.ts';
import { countAuditEvents, findAuditEventsBySeq } from '../../storage/audit-events.ts';
import { bindRead } from '../operation.ts';

const FINDINGS_MAX = 100;

export const verifyAudit = bindRead(VerifyAudit, async ({ body, db, services }) => {
  const { recordings } = services;
  const publicKey = body.publicKey ?? recordings.key.publicKey;
  if (readPublicKey(publicKey) === undefined)
    throw new Fault('request.params_invalid', {
      data: { errors: [{ path: 'body.publicKey', expected: 'an Ed25519 public key as PEM', message: 'is no such key' }] },
    });
  await recordings.settle();
  const report = await check(recordings.store, {
    fromMs: body.from === undefined ? undefined : Date.parse(body.from),
    toMs: body.to === undefined ? undefined : Date.parse(body.to),
    publicKey,
    adminEvents: async (seqs) => new Map((await findAuditEventsBySeq(db, seqs)).map((event) => [event.seq, adminText(event)])),
    adminEventCount: (lastSeq) => countAuditEvents(db, lastSeq),
  });
  const { findings, firstMs, lastMs, ...counts } = report;
  return {
    ...counts,
    isIntact: findings.length === 0,
    firstAt: firstMs === undefined ? null : toIso(firstMs),
    lastAt: lastMs === undefined ? null : toIso(lastMs),
    findings: findings.slice(0, FINDINGS_MAX).map((finding) => ({ ...finding })),
    publicKey,
  };
});

export const getAuditKey = bindRead(GetAuditKey, async ({ services }) => ({ ...services.recordings.key, algorithm: 'Ed25519' as const }));
