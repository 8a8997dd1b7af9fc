/** What is recorded of requests, as the control plane needs it. `recording.ts` beside the gateway fills it in. */
import type { AuditStore } from '../audit/audit-store.ts';
import type { JournalState } from '../audit/journal.ts';
import type { LiveFeed } from '../audit/live-feed.ts';
import type { SigningKey } from '../audit/signing.ts';
import type { TrafficStats } from '../audit/traffic-stats.ts';

export interface Recordings {
  readonly store: Pick<AuditStore, 'find' | 'payloadAt' | 'scan' | 'checkpoints' | 'head' | 'damage'>;
  /** Resolves when all that happened by now can be found, admin events and the ledger too. */
  readonly settle: () => Promise<void>;
  readonly state: () => JournalState;
  readonly feed: LiveFeed;
  readonly stats: TrafficStats;
  readonly key: Pick<SigningKey, 'writer' | 'publicKey'>;
}
