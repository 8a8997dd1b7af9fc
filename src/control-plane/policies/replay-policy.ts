import { toIso } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { type PolicyReplay, ReplayPolicy } from '../../contract/policies.ts';
import type { CompiledPolicy } from '../../model/policy.ts';
import { type Difference, replay } from '../../policy/replay.ts';
import type { RecordedCall, RecordedCalls } from '../live-governance.ts';
import { bindSteps } from '../operation.ts';
import { compileDrafts, type Drafts, type PolicyBook, readDrafts, readPolicyBook } from './draft-policy.ts';

const CALLS_MAX = 200_000;
const DIFFERENCES_MAX = 1_000;

/** Asks no engine outside: what it would have said then, it does not say now. */
export const replayPolicy = bindSteps(ReplayPolicy, async ({ body, services }) => {
  const { recorded } = services.governance;
  if (recorded === undefined) throw new Fault('request.not_found', { message: 'Calls are not recorded here, so there is nothing to replay.', reason: 'not_recorded' });
  const book = readPolicyBook(services.objects());
  const policies = readDrafts(body.policies);
  // A draft that does not compile is refused also where nothing was recorded.
  compileDrafts(book, body.namespace, { policies });
  const range = { fromMs: Date.parse(body.since), toMs: body.until === undefined ? services.clock.nowMs() : Date.parse(body.until), namespace: body.namespace };
  return replayRecorded(recorded, range, { book, drafts: { policies } });
});

export interface ReplayRange {
  readonly fromMs: number;
  readonly toMs: number;
  /** Undefined: all. */
  readonly namespace: string | undefined;
}

/** Page by page: what is recorded may be more than memory. */
export async function replayRecorded(recorded: RecordedCalls, range: ReplayRange, { book, drafts }: { readonly book: PolicyBook; readonly drafts: Drafts }): Promise<PolicyReplay> {
  const compiled = new Map<string, CompiledPolicy | undefined>();
  const policyOf = (namespace: string): CompiledPolicy | undefined => {
    if (!compiled.has(namespace)) compiled.set(namespace, book.namespaces[namespace] === undefined ? undefined : compileDrafts(book, namespace, drafts));
    return compiled.get(namespace);
  };
  const differences: PolicyReplay['differences'] = [];
  const changes: Record<string, number> = {};
  let total = 0;
  let cursor: string | undefined;
  do {
    const page = await recorded.between(range.fromMs, range.toMs, cursor);
    for (const [namespace, calls] of byNamespace(page.calls, range.namespace)) {
      const policy = policyOf(namespace);
      // The namespace is gone: nobody can call there any more.
      if (policy === undefined) continue;
      const report = replay(calls, policy);
      total += report.total;
      for (const [change, count] of Object.entries(report.changes)) changes[change] = (changes[change] ?? 0) + count;
      differences.push(...report.differences.slice(0, DIFFERENCES_MAX - differences.length).map(toAnswer));
    }
    cursor = page.nextCursor;
  } while (cursor !== undefined && total < CALLS_MAX);
  return { total, isWhole: cursor === undefined, changes, differences };
}

function byNamespace(calls: readonly RecordedCall[], wanted: string | undefined): Map<string, RecordedCall[]> {
  const found = new Map<string, RecordedCall[]>();
  for (const call of calls) {
    const { namespace } = call.facts;
    if (wanted !== undefined && namespace !== wanted) continue;
    const others = found.get(namespace);
    if (others === undefined) found.set(namespace, [call]);
    else others.push(call);
  }
  return found;
}

function toAnswer({ facts, before, after }: Difference): PolicyReplay['differences'][number] {
  const { principal, endpoint, namespace, server, name, atMs } = facts;
  return { at: toIso(atMs), principal: principal.id, endpoint, namespace, server, name, before: { ...before }, after: { ...after } };
}
