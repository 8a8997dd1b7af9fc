/**
 * What happened in a run, as one list of events on one clock: what clients asked and got, what arrived at servers, what
 * the gateway recorded, and when the fault began and ended. `violations` holds it against ten invariants; every fault
 * run ends with that check.
 */

export const INVARIANTS = {
  I1: 'every request has one end, within its time limit and two seconds',
  I2: 'whatever arrived at a server has its intent in the record',
  I3: 'no answer holds the canary of somebody else',
  I4: 'a change that was acknowledged is there after a crash',
  I5: 'a revoked credential opens nothing after five seconds',
  I6: 'no process outlives its gateway by five seconds',
  I7: 'all replicas together let through no more than the limit and a twentieth',
  I8: 'nothing is allowed while what decides or records is down',
  I9: 'memory stays below one and a half times what it was, and the heap below 512 MiB',
  I10: 'ten seconds after the fault all is as before',
} as const;
export type Invariant = keyof typeof INVARIANTS;

const LATE_MS = 2_000;
const REVOKED_MS = 5_000;
const ORPHAN_MS = 5_000;
const RECOVERY_MS = 10_000;
const RATE_SLACK = 1.05;
const MEMORY_SLACK = 1.5;
const HEAP_BYTES_MAX = 512 * 2 ** 20;
const ERROR_SHARE_MAX = 0.001;
const SLOWER_MAX = 1.2;
/** Below this, a difference of times is the machine's. */
const NOISE_MS = 50;

type Part = 'policy' | 'auth' | 'audit';

export type Happened =
  | { readonly kind: 'asked'; readonly request: string; readonly principal: string; readonly timeoutMs: number }
  | { readonly kind: 'answered'; readonly request: string; readonly isError: boolean; readonly text: string }
  /** A side effect began at a server. `intent`: key of the request there. */
  | { readonly kind: 'arrived'; readonly intent: string }
  | { readonly kind: 'intended'; readonly intent: string }
  | { readonly kind: 'acknowledged'; readonly change: string }
  | { readonly kind: 'found'; readonly change: string }
  | { readonly kind: 'restarted' }
  | { readonly kind: 'revoked'; readonly principal: string }
  | { readonly kind: 'died'; readonly pids: readonly number[] }
  | { readonly kind: 'running'; readonly pids: readonly number[] }
  | { readonly kind: 'limited'; readonly max: number; readonly seconds: number }
  | { readonly kind: 'down'; readonly part: Part }
  | { readonly kind: 'up'; readonly part: Part }
  | { readonly kind: 'memory'; readonly rssBytes: number; readonly heapBytes: number }
  | { readonly kind: 'faultBegins' }
  | { readonly kind: 'faultEnds' };
export type Event = Happened & { readonly atMs: number };
export interface Violation {
  readonly invariant: Invariant;
  readonly detail: string;
}

type Of<Kind extends Happened['kind']> = Extract<Event, { kind: Kind }>;

/** A mark that only this principal's requests carry; `seed` keeps runs apart. */
export function canaryOf(principal: string, seed: number): string {
  return `canary<${principal}/${seed}>`;
}

export class History {
  readonly events: Event[] = [];
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  add(happened: Happened): void {
    this.events.push({ ...happened, atMs: this.#nowMs() });
  }

  /** Runs the request and notes both ends. Whatever is thrown is an end too, and is thrown on. */
  async ask<T>(request: Omit<Of<'asked'>, 'kind' | 'atMs'>, send: () => Promise<T>, read: (answer: T) => { readonly isError: boolean; readonly text: string }): Promise<T> {
    this.add({ kind: 'asked', ...request });
    try {
      const answer = await send();
      this.add({ kind: 'answered', request: request.request, ...read(answer) });
      return answer;
    } catch (thrown) {
      this.add({ kind: 'answered', request: request.request, isError: true, text: String(thrown) });
      throw thrown;
    }
  }
}

/** All that is wrong with a run that is over; empty where nothing is. */
export function violations(events: readonly Event[]): readonly Violation[] {
  const of = <Kind extends Happened['kind']>(kind: Kind): readonly Of<Kind>[] => events.filter((event): event is Of<Kind> => event.kind === kind);
  const found = (Object.entries(CHECKS) as [Invariant, Check][]).flatMap(([invariant, check]) => check(of, events).map((detail) => ({ invariant, detail })));
  return found;
}

type Pick = <Kind extends Happened['kind']>(kind: Kind) => readonly Of<Kind>[];
type Check = (of: Pick, events: readonly Event[]) => readonly string[];

interface Exchange {
  readonly asked: Of<'asked'>;
  readonly answers: readonly Of<'answered'>[];
}

function exchanges(of: Pick): readonly Exchange[] {
  const answers = Map.groupBy(of('answered'), ({ request }) => request);
  return of('asked').map((asked) => ({ asked, answers: answers.get(asked.request) ?? [] }));
}

function oneEnd(of: Pick): readonly string[] {
  return exchanges(of).flatMap(({ asked, answers }) => {
    const [first] = answers;
    if (first === undefined) return [`${asked.request} has no end`];
    if (answers.length > 1) return [`${asked.request} has ${answers.length} ends`];
    const tookMs = first.atMs - asked.atMs;
    return tookMs > asked.timeoutMs + LATE_MS ? [`${asked.request} ended after ${Math.round(tookMs)} ms`] : [];
  });
}

function foreignCanaries(of: Pick): readonly string[] {
  return exchanges(of).flatMap(({ asked, answers }) =>
    answers.flatMap(({ text }) => [...text.matchAll(/canary<([^/>]+)\/\d+>/g)].filter(([, owner]) => owner !== asked.principal).map(([canary]) => `${asked.request} of ${asked.principal} got ${canary}`)),
  );
}

function unintended(of: Pick): readonly string[] {
  const intents = new Set(of('intended').map(({ intent }) => intent));
  return of('arrived').filter(({ intent }) => !intents.has(intent)).map(({ intent }) => `${intent} arrived without an intent`);
}

function lostChanges(of: Pick): readonly string[] {
  const restartedMs = of('restarted').at(-1)?.atMs;
  if (restartedMs === undefined) return [];
  const found = new Set(of('found').filter(({ atMs }) => atMs >= restartedMs).map(({ change }) => change));
  return of('acknowledged').filter(({ atMs, change }) => atMs < restartedMs && !found.has(change)).map(({ change }) => `${change} is lost`);
}

function revokedYetAnswered(of: Pick): readonly string[] {
  return of('revoked').flatMap(({ principal, atMs }) =>
    exchanges(of)
      .filter(({ asked, answers }) => asked.principal === principal && asked.atMs > atMs + REVOKED_MS && answers.some(({ isError }) => !isError))
      .map(({ asked }) => `${asked.request} of ${principal} was answered`),
  );
}

function orphans(of: Pick): readonly string[] {
  return of('died').flatMap(({ pids, atMs }) =>
    of('running').filter((seen) => seen.atMs >= atMs + ORPHAN_MS).flatMap((seen) => seen.pids.filter((pid) => pids.includes(pid)).map((pid) => `process ${pid} still runs`)),
  );
}

/** In any window of the limit's length. */
function overRate(of: Pick): readonly string[] {
  const passedMs = exchanges(of).filter(({ answers }) => answers.some(({ isError }) => !isError)).map(({ asked }) => asked.atMs).sort((a, b) => a - b);
  return of('limited').flatMap(({ max, seconds }) => {
    const worst = Math.max(0, ...passedMs.map((startMs) => passedMs.filter((atMs) => atMs >= startMs && atMs < startMs + seconds * 1_000).length));
    return worst > max * RATE_SLACK ? [`${worst} in ${seconds} s, ${max} are allowed`] : [];
  });
}

function allowedWhileDown(of: Pick): readonly string[] {
  return of('down').flatMap(({ part, atMs }) => {
    const endMs = of('up').find((up) => up.part === part && up.atMs >= atMs)?.atMs ?? Number.POSITIVE_INFINITY;
    return exchanges(of)
      .filter(({ asked, answers }) => asked.atMs >= atMs && answers.some((answer) => !answer.isError && answer.atMs < endMs))
      .map(({ asked }) => `${asked.request} was allowed while ${part} was down`);
  });
}

function grownMemory(of: Pick): readonly string[] {
  const beginsMs = of('faultBegins')[0]?.atMs ?? Number.POSITIVE_INFINITY;
  const before = Math.max(0, ...of('memory').filter(({ atMs }) => atMs <= beginsMs).map(({ rssBytes }) => rssBytes));
  return of('memory').flatMap(({ atMs, rssBytes, heapBytes }) => [
    ...(before > 0 && atMs > beginsMs && rssBytes > before * MEMORY_SLACK ? [`${toMib(rssBytes)} MiB, ${toMib(before)} before`] : []),
    ...(heapBytes > HEAP_BYTES_MAX ? [`a heap of ${toMib(heapBytes)} MiB`] : []),
  ]);
}

function notRecovered(of: Pick): readonly string[] {
  const beginsMs = of('faultBegins')[0]?.atMs;
  const endsMs = of('faultEnds').at(-1)?.atMs;
  if (beginsMs === undefined || endsMs === undefined) return [];
  const after = exchanges(of).filter(({ asked }) => asked.atMs > endsMs + RECOVERY_MS);
  const before = exchanges(of).filter(({ answers }) => (answers[0]?.atMs ?? Number.POSITIVE_INFINITY) < beginsMs);
  const errors = after.filter(({ answers }) => answers.some(({ isError }) => isError)).length;
  const [slow, usual] = [slowest(after), slowest(before)];
  return [
    ...(errors > after.length * ERROR_SHARE_MAX ? [`${errors} of ${after.length} requests fail after the fault`] : []),
    ...(before.length > 0 && slow > Math.max(usual * SLOWER_MAX, usual + NOISE_MS) ? [`p99 ${Math.round(slow)} ms after the fault, ${Math.round(usual)} ms before`] : []),
  ];
}

/** The 99th percentile of their times, milliseconds. */
function slowest(some: readonly Exchange[]): number {
  const tookMs = some.flatMap(({ asked, answers }) => answers.slice(0, 1).map(({ atMs }) => atMs - asked.atMs)).sort((a, b) => a - b);
  return tookMs[Math.min(tookMs.length - 1, Math.floor(tookMs.length * 0.99))] ?? 0;
}

function toMib(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}

const CHECKS: Readonly<Record<Invariant, Check>> = {
  I1: oneEnd, I2: unintended, I3: foreignCanaries, I4: lostChanges, I5: revokedYetAnswered, I6: orphans, I7: overRate, I8: allowedWhileDown, I9: grownMemory, I10: notRecovered,
};
