/** Drives every target through every profile, round after round, and sums each up by medians of what one round says. */
import { type Aim, type Load, type LoadOutcome, quantile, runLoad } from './load.ts';
import { cpuMsOf, rssMbOf, workOffMs } from './process-stats.ts';
import { PROFILES } from './profiles.ts';
import { spreadThreads, type Target, type TargetName } from './targets.ts';

export interface Sample extends LoadOutcome {
  readonly cpuUsPerCall: number;
  /** What the process still did once no call came any more. */
  readonly laterUsPerCall: number;
}

/** Samples that were taken one right after the other, by `profile/target`. */
export type Round = ReadonlyMap<string, Sample>;

/** Medians; NaN where there is nothing to hold a figure against. */
export interface Row {
  readonly profile: string;
  readonly target: TargetName;
  readonly callsPerSecond: number;
  /** Of the floor's calls a second in the same round. */
  readonly ofFloor: number;
  readonly addedP50Ms: number;
  readonly addedP99Ms: number;
  readonly cpuUsPerCall: number;
  /** Of the floor's CPU a call. */
  readonly cpuOfFloor: number;
  readonly laterUsPerCall: number;
  /** Of the latency that the floor adds at the median. */
  readonly addedP50OfFloor: number;
}

export interface Footprint {
  readonly target: TargetName;
  readonly startMs: number;
  readonly rssMb: number;
}

export interface Plan {
  readonly rounds: number;
  /** Of each target and profile in a round; the targets take turns. */
  readonly slices: number;
  readonly sliceMs: number;
  /** Of each process that is measured, before all: how fast code runs once it is optimised is what is compared, and much code takes longer to get there. */
  readonly warmUpMs: number;
}

/** Before its slices, as a multiple of one. */
const LEAD_SLICES = 2;

/** The targets take turns, and their order turns from round to round, so that what drifts falls on each of them. */
export async function measure(targets: readonly Target[], plan: Plan, progress: (text: string) => void): Promise<Round[]> {
  const rounds: Round[] = [];
  for (const target of targets) {
    const warm = new Set<number>();
    for (const { load, upstream } of PROFILES) {
      const aim = target.aims.get(upstream);
      if (aim === undefined || warm.has(aim.pid)) continue;
      warm.add(aim.pid);
      await runLoad(load, aim, plan.warmUpMs);
      await workOffMs(aim.pid);
      spreadThreads(aim.pid);
    }
  }
  progress('warm');
  for (let round = 0; round < plan.rounds; round++) {
    const slices = Array.from({ length: plan.slices }, () => new Map<string, Sample>());
    const order = targets.map((_, index) => targets[(index + round) % targets.length]).filter((target) => target !== undefined);
    for (const { name, load, upstream } of PROFILES) {
      const aims = order.flatMap((target) => {
        const aim = target.aims.get(upstream);
        return aim === undefined ? [] : [{ key: `${name}/${target.name}`, aim }];
      });
      for (const { aim } of aims) await lead(load, aim, plan.sliceMs);
      for (const samples of slices) for (const { key, aim } of aims) samples.set(key, await takeSample(load, aim, plan.sliceMs));
    }
    rounds.push(...slices);
    progress(`round ${round + 1} of ${plan.rounds}`);
  }
  return rounds;
}

/** While a process idles its memory leaves the caches and most of its optimised code is thrown away: it is slow until that is made again. */
async function lead(load: Load, aim: Aim, sliceMs: number): Promise<void> {
  await runLoad(load, aim, LEAD_SLICES * sliceMs);
  await workOffMs(aim.pid);
}

async function takeSample(load: Load, aim: Aim, sliceMs: number): Promise<Sample> {
  const beforeMs = cpuMsOf(aim.pid) ?? Number.NaN;
  const outcome = await runLoad(load, aim, sliceMs);
  const usedMs = (cpuMsOf(aim.pid) ?? Number.NaN) - beforeMs;
  const laterMs = await workOffMs(aim.pid);
  return { ...outcome, cpuUsPerCall: (usedMs * 1000) / outcome.calls, laterUsPerCall: (laterMs * 1000) / outcome.calls };
}

export function sumUp(targets: readonly Target[], rounds: readonly Round[]): Row[] {
  return PROFILES.flatMap((profile) => targets.flatMap((target) => (target.aims.has(profile.upstream) ? [rowOf(profile, target.name, rounds)] : [])));
}

function rowOf(profile: (typeof PROFILES)[number], target: TargetName, rounds: readonly Round[]): Row {
  const own = (round: Round): Sample | undefined => round.get(`${profile.name}/${target}`);
  const floor = (round: Round): Sample | undefined => round.get(`${profile.name}/floor`);
  const direct = (round: Round): Sample | undefined => round.get(`${profile.name}/direct`);
  const over = (figure: (round: Round) => number): number => median(rounds.map(figure));
  const of = (sample: Sample | undefined, key: keyof Sample): number => sample?.[key] ?? Number.NaN;
  const added = (sample: Sample | undefined, round: Round, key: 'p50Ms' | 'p99Ms'): number => of(sample, key) - of(direct(round), key);
  return {
    profile: profile.name,
    target,
    callsPerSecond: over((round) => of(own(round), 'callsPerSecond')),
    ofFloor: over((round) => of(own(round), 'callsPerSecond') / of(floor(round), 'callsPerSecond')),
    addedP50Ms: over((round) => added(own(round), round, 'p50Ms')),
    addedP99Ms: over((round) => added(own(round), round, 'p99Ms')),
    cpuUsPerCall: over((round) => of(own(round), 'cpuUsPerCall')),
    laterUsPerCall: over((round) => of(own(round), 'laterUsPerCall')),
    cpuOfFloor: over((round) => of(own(round), 'cpuUsPerCall') / of(floor(round), 'cpuUsPerCall')),
    addedP50OfFloor: over((round) => added(own(round), round, 'p50Ms') / added(floor(round), round, 'p50Ms')),
  };
}

export function footprints(targets: readonly Target[]): Footprint[] {
  return targets.map(({ name, startMs, pid }) => ({ target: name, startMs, rssMb: rssMbOf(pid) ?? Number.NaN }));
}

function median(values: readonly number[]): number {
  return quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}
