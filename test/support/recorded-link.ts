/** What a link reports, as a list, and the spec and dependencies to open one. */
import { expect } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import type { Fault } from '../../src/base/fault.ts';
import type { ServerSpec } from '../../src/model/server.ts';
import type { Envelope } from '../../src/protocol/envelope.ts';
import { createDialer } from '../../src/upstream/dialer/dialer.ts';
import type { LinkDeps } from '../../src/upstream/dialer/server-target.ts';
import type { LinkEvents, Outgoing } from '../../src/upstream/link.ts';

export interface LinkRecord {
  readonly messages: { envelope: Envelope; carrier: number | undefined }[];
  readonly failures: { id: number; fault: Fault; status: number | undefined }[];
  readonly answers: { id: number; headers: Readonly<Record<string, string | undefined>> }[];
  readonly drops: { reason: string; detail: string }[];
  readonly ends: Fault[];
  readonly events: LinkEvents;
}

export function recordLink(): LinkRecord {
  const record = { messages: [], failures: [], answers: [], drops: [], ends: [] } as unknown as { -readonly [K in keyof LinkRecord]: LinkRecord[K] };
  record.events = {
    message: (envelope, carrier) => record.messages.push({ envelope, carrier }),
    failed: (id, fault, status) => record.failures.push({ id, fault, status }),
    answered: (id, headers) => record.answers.push({ id, headers }),
    closed: (fault) => record.ends.push(fault),
    dropped: (reason, detail) => record.drops.push({ reason, detail }),
  };
  return record;
}

/** Waits until that many of them are there. */
export async function until(list: readonly unknown[], count = 1): Promise<void> {
  await expect.poll(() => list.length, { timeout: 5_000, interval: 5 }).toBeGreaterThanOrEqual(count);
}

export function httpSpec(url: string, changes: Partial<ServerSpec> = {}): ServerSpec {
  return {
    name: 'files',
    type: 'http',
    fingerprint: 'f',
    command: '',
    args: [],
    env: {},
    cwd: undefined,
    inheritEnv: [],
    url,
    headers: {},
    revision: 'auto',
    isolation: 'auto',
    idleConnections: 0,
    startTimeoutMs: 5_000,
    callTimeoutMs: 5_000,
    idleTimeoutMs: 60_000,
    resultBytesMax: 1 << 20,
    isRequired: false,
    description: '',
    ...changes,
  };
}

export function linkDeps(changes: Partial<LinkDeps> = {}): LinkDeps {
  // The dialer keeps real time: a test's clock is for what the link itself waits for.
  return { clock: systemClock, dialer: createDialer({ clock: systemClock, ownListeners: () => [] }), random: () => 0.5, ...changes };
}

export function call(id: number, headers?: Readonly<Record<string, string>>): Outgoing {
  const text = JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'echo' } });
  return { text, id, method: 'tools/call', ...(headers === undefined ? {} : { headers }) };
}

export function notification(method: string): Outgoing {
  return { text: JSON.stringify({ jsonrpc: '2.0', method }), method };
}

export function result(id: number | string, value: Record<string, unknown> = {}): Record<string, unknown> {
  return { jsonrpc: '2.0', id, result: value };
}
