/** The committed figures that a run is held against: ratios to the floor of the same run, since machines differ. */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Footprint, Row } from './measure.ts';

/** Figures of the gateway by name, such as `legacy-32 calls/s of the floor`. */
export type Baseline = Readonly<Record<string, number>>;

const PATH = fileURLToPath(new URL('baseline.json', import.meta.url));
const WORSE_SHARE_MAX = 0.05;
const THROUGHPUT = 'calls/s of the floor';

/** Empty when the gateway did not run. */
export function figuresOf(rows: readonly Row[], prints: readonly Footprint[]): Baseline {
  const figures: [name: string, figure: number][] = rows
    .filter((row) => row.target === 'gateway')
    .flatMap((row) => [
      [`${row.profile} ${THROUGHPUT}`, row.ofFloor],
      [`${row.profile} CPU of the floor`, row.cpuOfFloor],
      [`${row.profile} added p50 of the floor`, row.addedP50OfFloor],
    ]);
  const gateway = prints.find((print) => print.target === 'gateway');
  const floor = prints.find((print) => print.target === 'floor');
  if (gateway !== undefined && floor !== undefined) {
    figures.push(['start of the floor', gateway.startMs / floor.startMs], ['RSS of the floor', gateway.rssMb / floor.rssMb]);
  }
  return Object.fromEntries(figures.filter(([, figure]) => Number.isFinite(figure)).map(([name, figure]) => [name, Number(figure.toFixed(3))]));
}

/** Undefined where none has been written yet. */
export async function readBaseline(): Promise<Baseline | undefined> {
  const text = await readFile(PATH, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined;
    throw cause;
  });
  return text === undefined ? undefined : (JSON.parse(text) as Baseline);
}

export async function writeBaseline(figures: Baseline): Promise<void> {
  await writeFile(PATH, `${JSON.stringify(figures, null, 2)}\n`);
}

/** One line for each figure that is worse by more than 5 %, or that is no longer measured. */
export function worseThan(baseline: Baseline, figures: Baseline): string[] {
  return Object.entries(baseline).flatMap(([name, before]) => {
    const now = figures[name];
    if (now === undefined) return [`${name}: was ${before}, was not measured`];
    const change = name.endsWith(THROUGHPUT) ? (before - now) / Math.abs(before) : (now - before) / Math.abs(before);
    return change > WORSE_SHARE_MAX ? [`${name}: was ${before}, is ${now} (${Math.round(change * 100)} % worse)`] : [];
  });
}
