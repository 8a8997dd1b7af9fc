/**
 * Watches what servers offer: in namespaces that only flag, the definitions of a server that is seen for the first time
 * are pinned, so that whatever changes later is told; what waits for a person is told in the log, once.
 */
import type { Clock } from '../base/clock.ts';
import { toFault } from '../base/fault.ts';
import type { LiveDefinitions } from '../control-plane/live-definitions.ts';
import type { Publisher } from '../control-plane/publish.ts';
import { inspectAll, type InspectedDefinition } from '../data-plane/definitions.ts';
import { definitionKey } from '../model/definition.ts';
import type { NamespaceSpec } from '../model/namespace.ts';
import type { Log } from '../observability/log.ts';
import { insertAuditEvent } from '../storage/audit-events.ts';
import { insertPins, type StoredPin } from '../storage/definition-pins.ts';
import type { Upstreams, UpstreamsEvents } from '../upstream/upstreams.ts';
import { showHiddenText } from '../base/hidden-text.ts';

export interface DefinitionWatchDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly publisher: Pick<Publisher, 'change' | 'snapshot'>;
  readonly upstreams: Pick<Upstreams, 'lists' | 'profile'>;
}

export interface DefinitionWatch {
  /** Lists or the configuration changed. */
  readonly changed: () => void;
  readonly live: LiveDefinitions;
  readonly stop: () => void;
}

/** Servers tell their lists one after the other: what comes within this is one change. */
const TOGETHER_MS = 250;
/** Definitions that were told, at most: after so many all may be told again. */
const TOLD_MAX = 20_000;
const AUTHOR = 'gateway';
const FIRST_USE = 'first use';

export function createDefinitionWatch({ clock, log, publisher, upstreams }: DefinitionWatchDeps): DefinitionWatch {
  const told = new Set<string>();
  let stopTimer: (() => void) | undefined;
  let isStopped = false;
  const look = async (): Promise<void> => {
    const found = [...publisher.snapshot().namespaces.values()].flatMap((namespace) => inspectAll(namespace, upstreams).map((definition) => ({ namespace, definition })));
    if (told.size > TOLD_MAX) told.clear();
    for (const { namespace, definition } of found) tell(namespace, definition, { log, told });
    const first = found.filter(({ namespace, definition }) => isFirstUse(namespace, definition)).map(({ namespace, definition }) => toPin(namespace, definition, clock.nowMs()));
    if (first.length > 0) await pin(publisher, first, clock.nowMs());
  };
  const changed = (): void => {
    if (isStopped || stopTimer !== undefined) return;
    stopTimer = clock.after(TOGETHER_MS, () => {
      stopTimer = undefined;
      look().catch((thrown: unknown) => {
        const fault = toFault(thrown);
        if (!isStopped) log.error('definitions not pinned', { code: fault.code, detail: fault.detail });
      });
    });
  };
  return {
    changed,
    live: {
      inspect: (name) => {
        const namespace = publisher.snapshot().namespaces.get(name);
        return namespace === undefined ? [] : inspectAll(namespace, upstreams);
      },
    },
    stop: () => {
      isStopped = true;
      stopTimer?.();
    },
  };
}

/** The same events, with `changed` after those that may bring definitions. */
export function withDefinitionWatch(events: UpstreamsEvents, changed: () => void): UpstreamsEvents {
  return {
    ...events,
    listChanged: (server, kind) => {
      events.listChanged(server, kind);
      changed();
    },
    stateChanged: (server) => {
      events.stateChanged(server);
      changed();
    },
  };
}

/** What looks bad is nobody's first use: a person decides. */
function isFirstUse({ integrity }: NamespaceSpec, { server, verdict }: InspectedDefinition): boolean {
  return integrity?.mode === 'flag' && !integrity.knownServers.has(server) && verdict.state === 'new' && verdict.score === 0 && !verdict.isQuarantined;
}

function toPin({ name: namespace }: NamespaceSpec, { server, kind, name, definition, instructions, verdict }: InspectedDefinition, nowMs: number): StoredPin {
  return { namespace, server, kind, name, definition, instructions, hash: verdict.hash, rejectedHash: undefined, decidedAtMs: nowMs, decidedBy: FIRST_USE };
}

async function pin(publisher: Pick<Publisher, 'change'>, pins: readonly StoredPin[], nowMs: number): Promise<void> {
  await publisher.change(AUTHOR, async ({ tx }) => {
    await insertPins(tx, pins);
    const servers = [...new Set(pins.map(({ namespace, server }) => `${namespace}/${server}`))];
    await insertAuditEvent(tx, { atMs: nowMs, principal: AUTHOR, action: 'pinDefinitions', subject: 'definitions', outcome: 'done', detail: { servers, count: pins.length } });
    return { result: undefined, reason: FIRST_USE };
  });
}

function tell(namespace: NamespaceSpec, definition: InspectedDefinition, { log, told }: { readonly log: Log; readonly told: Set<string> }): void {
  const { verdict, server, kind, name } = definition;
  const key = `${namespace.name} ${definitionKey(definition)} ${verdict.hash} ${verdict.state} ${verdict.isQuarantined}`;
  if ((!verdict.isFlagged && !verdict.isQuarantined) || told.has(key)) return;
  told.add(key);
  const event = verdict.isQuarantined ? 'definition quarantined' : 'definition flagged';
  log.warn(event, { namespace: namespace.name, server, kind, name: showHiddenText(name), state: verdict.state, reasons: verdict.reasons.join('; ') });
}
