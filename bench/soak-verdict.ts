/** What a soak must have shown: nothing grows, nothing slows down, nothing is mixed up, nothing is missing in the record. */

export interface SoakSample {
  /** Calls that had ended by then. */
  readonly calls: number;
  readonly atMs: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
  readonly descriptors: number;
  readonly children: number;
  readonly sessions: number;
  /** Of the calls since the sample before, milliseconds. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface SoakRun {
  /** All, those of the warm-up among them. */
  readonly calls: number;
  /** So many came before what is judged: caches fill, code is compiled. */
  readonly warmUpCalls: number;
  readonly tookMs: number;
  readonly samples: readonly SoakSample[];
  /** Answers that held the mark of somebody else. */
  readonly foreignCanaries: number;
  /** By fault, without those of calls at a server that was just killed. */
  readonly failures: Readonly<Record<string, number>>;
  readonly record: { readonly isIntact: boolean; readonly intents: number; readonly outcomes: number; readonly unknown: number };
}

export interface Judged {
  readonly name: string;
  readonly isGood: boolean;
  readonly found: string;
}

/** Of the memory: 1 MB an hour at 20 calls a second, as bytes a call. */
const BYTES_PER_CALL_MAX = 1_000_000 / 72_000;
const P99_RATIO_MAX = 1.2;
/** Below this, a difference of times is the machine's. */
const NOISE_MS = 1;
/** Connections come and go with sessions. */
const DESCRIPTORS_SLACK = 20;

export function judge(run: SoakRun): readonly Judged[] {
  const { samples, record } = run;
  const warm = samples.filter(({ calls }) => calls > run.warmUpCalls);
  return [
    slopeOf('heap', warm, (sample) => sample.heapBytes),
    slopeOf('resident memory', warm, (sample) => sample.rssBytes),
    level('descriptors', warm, (sample) => sample.descriptors, DESCRIPTORS_SLACK),
    level('processes', warm, (sample) => sample.children, 1),
    slower(warm),
    { name: 'foreign canaries', isGood: run.foreignCanaries === 0, found: String(run.foreignCanaries) },
    { name: 'failed calls', isGood: Object.keys(run.failures).length === 0, found: JSON.stringify(run.failures) },
    { name: 'record intact', isGood: record.isIntact, found: String(record.isIntact) },
    { name: 'intents = outcomes + unknown', isGood: record.intents === record.outcomes + record.unknown, found: `${record.intents} = ${record.outcomes} + ${record.unknown}` },
  ];
}

export interface Slope {
  readonly perCall: number;
  /** Half the width of the interval that holds the true slope in 95 of 100 runs. */
  readonly errorPerCall: number;
}

/** Least squares over calls. */
export function regress(points: readonly (readonly [x: number, y: number])[]): Slope {
  const n = points.length;
  if (n < 3) return { perCall: 0, errorPerCall: Number.POSITIVE_INFINITY };
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / n;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / n;
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  const perCall = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread;
  const rest = points.reduce((sum, [x, y]) => sum + (y - meanY - perCall * (x - meanX)) ** 2, 0);
  return { perCall, errorPerCall: 1.96 * Math.sqrt(rest / (n - 2) / spread) };
}

/** Wrong where the growth is certain and more than the bound. */
function slopeOf(name: string, samples: readonly SoakSample[], read: (sample: SoakSample) => number): Judged {
  const { perCall, errorPerCall } = regress(samples.map((sample) => [sample.calls, read(sample)]));
  const isCertain = perCall - errorPerCall > 0;
  return { name: `slope of ${name}`, isGood: !(isCertain && perCall > BYTES_PER_CALL_MAX), found: `${perCall.toFixed(2)} ± ${errorPerCall.toFixed(2)} bytes a call, at most ${BYTES_PER_CALL_MAX.toFixed(1)}` };
}

function level(name: string, samples: readonly SoakSample[], read: (sample: SoakSample) => number, slack: number): Judged {
  const third = Math.max(1, Math.floor(samples.length / 3));
  const [before, after] = [median(samples.slice(0, third).map(read)), median(samples.slice(-third).map(read))];
  return { name, isGood: after <= before + slack, found: `${before} after the warm-up, ${after} at the end` };
}

function slower(samples: readonly SoakSample[]): Judged {
  const quarter = Math.max(1, Math.floor(samples.length / 4));
  const [first, last] = [median(samples.slice(0, quarter).map(({ p99Ms }) => p99Ms)), median(samples.slice(-quarter).map(({ p99Ms }) => p99Ms))];
  return { name: 'p99 of the last quarter', isGood: last <= Math.max(first * P99_RATIO_MAX, first + NOISE_MS), found: `${last.toFixed(1)} ms, ${first.toFixed(1)} ms in the first` };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
