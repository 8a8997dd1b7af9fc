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
const PART = 500;

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

/** A part at a time: what is recorded may be more than memory. */
export async function replayRecorded(recorded: RecordedCalls, range: ReplayRange, { book, drafts }: { readonly book: PolicyBook; readonly drafts: Drafts }): Promise<PolicyReplay> {
  const compiled = new Map<string, CompiledPolicy | undefined>();
  const policyOf = (namespace: string): CompiledPolicy | undefined => {
    if (!compiled.has(namespace)) compiled.set(namespace, book.namespaces[namespace] === undefined ? undefined : compileDrafts(book, namespace, drafts));
    return compiled.get(namespace);
  };
  const differences: PolicyReplay['differences'] = [];
  const changes: Record<string, number> = {};
  let [total, inexact] = [0, 0];
  const decide = (part: readonly RecordedCall[]): void => {
    for (const [namespace, calls] of byNamespace(part, range.namespace)) {
      const policy = policyOf(namespace);
      // The namespace is gone: nobody can call there any more.
      if (policy === undefined) continue;
      const report = replay(calls, policy);
      total += report.total;
      inexact += calls.filter(({ isExact }) => !isExact).length;
      for (const [change, count] of Object.entries(report.changes)) changes[change] = (changes[change] ?? 0) + count;
      differences.push(...report.differences.slice(0, DIFFERENCES_MAX - differences.length).map(toAnswer));
    }
  };
  let part: RecordedCall[] = [];
  let isWhole = true;
  for await (const call of recorded.between(range.fromMs, range.toMs)) {
    if (total + part.length >= CALLS_MAX) {
      isWhole = false;
      break;
    }
    part.push(call);
    if (part.length < PART) continue;
    decide(part);
    part = [];
  }
  decide(part);
  return { total, inexact, isWhole, changes, differences };
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
