/**
 * Who meets whom in the matrix: raw clients and servers, which say every byte of their one revision, and those of the
 * official SDK, whose own limits stand beside them.
 */
import { REVISIONS, type Revision } from '../../src/protocol/messages.ts';
import { type MatrixClient, openMatrixClient } from './matrix-client.ts';
import { type MatrixServer, startMatrixServer } from './matrix-server.ts';
import { openSdk1Client, openSdk1SseClient, openSdk2Client } from './sdk-clients.ts';
import { startSdk1Server, startSdk2Server } from './sdk-servers.ts';
import { startSdk1StdioServer, startSdk2StdioServer } from './sdk-stdio-servers.ts';

/** Features that the SDK itself cannot express or takes away, by name, with the reason. */
export type Limits = Readonly<Record<string, string>>;

interface Kind {
  /** As the page calls it; for raw peers the revision. */
  readonly name: string;
  /** The revision that it speaks with the gateway. */
  readonly revision: Revision;
  readonly isRaw: boolean;
  readonly limits: Limits;
}

export interface ClientKind extends Kind {
  /** `url` ends in `/mcp`. */
  open(url: string): Promise<MatrixClient>;
}

export interface ServerKind extends Kind {
  /** Meets these clients only, by name: one of each family, since what differs between them does not depend on how the gateway reaches a server. */
  readonly clients?: readonly string[];
  start(): Promise<MatrixServer>;
}

const FUTURE = 'Results with members and blocks of the future, numbers of any size';
const NO_BATCH = { Batches: 'the SDK sends none' };
const RESUMES = { 'Streams that go on after a lost connection': 'the SDK resumes by itself, not on demand' };
const CLIENT_LIMITS: Limits = { ...NO_BATCH, ...RESUMES, [FUTURE]: 'the SDK reads numbers as doubles' };

const OLD_TASKS = 'Tasks of 2025-11-25';
const TASKS = 'Tasks extension';
const SDK2_LEGACY_LIMITS: Limits = { ...CLIENT_LIMITS, [OLD_TASKS]: 'generation 2 of the SDK takes a task for a broken result' };
const SDK2_MODERN_LIMITS: Limits = { ...CLIENT_LIMITS, [TASKS]: 'generation 2 of the SDK has no client for them' };

export const CLIENTS: readonly ClientKind[] = [
  ...REVISIONS.map((revision) => ({ name: revision, revision, isRaw: true, limits: {}, open: (url: string) => openMatrixClient(url, revision) })),
  { name: 'SDK 1', revision: '2025-11-25', isRaw: false, limits: CLIENT_LIMITS, open: openSdk1Client },
  { name: 'SDK 1 at `/sse`', revision: '2025-11-25', isRaw: false, limits: CLIENT_LIMITS, open: openSdk1SseClient },
  { name: 'SDK 2, legacy', revision: '2025-11-25', isRaw: false, limits: SDK2_LEGACY_LIMITS, open: (url) => openSdk2Client(url, 'legacy') },
  { name: 'SDK 2, auto', revision: '2026-07-28', isRaw: false, limits: SDK2_MODERN_LIMITS, open: (url) => openSdk2Client(url, 'auto') },
  { name: 'SDK 2, pinned', revision: '2026-07-28', isRaw: false, limits: SDK2_MODERN_LIMITS, open: (url) => openSdk2Client(url, { pin: '2026-07-28' }) },
];

const SERVER_LIMITS: Limits = { [FUTURE]: 'the SDK writes numbers as doubles' };
const SDK2_SERVER_LIMITS: Limits = { ...SERVER_LIMITS, [TASKS]: 'generation 2 of the SDK cannot tell of their changes' };

const ONE_OF_EACH_FAMILY: readonly Revision[] = ['2025-11-25', '2026-07-28'];

export const SERVERS: readonly ServerKind[] = [
  ...REVISIONS.map((revision) => ({ name: revision, revision, isRaw: true, limits: {}, start: () => startMatrixServer(revision) })),
  { name: 'SDK 1', revision: '2025-11-25', isRaw: false, limits: SERVER_LIMITS, start: startSdk1Server },
  { name: 'SDK 2, legacy', revision: '2025-11-25', isRaw: false, limits: SERVER_LIMITS, start: () => startSdk2Server('legacy') },
  { name: 'SDK 2, modern', revision: '2026-07-28', isRaw: false, limits: SDK2_SERVER_LIMITS, start: () => startSdk2Server('modern') },
  { name: 'SDK 1 over stdio', revision: '2025-11-25', isRaw: false, clients: ONE_OF_EACH_FAMILY, limits: SERVER_LIMITS, start: startSdk1StdioServer },
  { name: 'SDK 2 over stdio', revision: '2026-07-28', isRaw: false, clients: ONE_OF_EACH_FAMILY, limits: { ...SDK2_SERVER_LIMITS, 'Arguments mirrored into headers': 'stdio has no headers' }, start: startSdk2StdioServer },
];

export function doMeet(client: ClientKind, server: ServerKind): boolean {
  return server.clients?.includes(client.name) !== false;
}
