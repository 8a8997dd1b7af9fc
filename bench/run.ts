/**
 * The benchmark: the gateway against a floor that knows nothing of MCP, in front of the same upstream.
 *
 *     npm run bench -- [--quick] [--json] [--only direct,floor] [--update-baseline]
 *
 * Only ratios within one run mean something on another machine, so only those are kept and compared.
 */
import { parseArgs } from 'node:util';
import { figuresOf, readBaseline, worseThan, writeBaseline } from './baseline.ts';
import { footprints, measure, type Plan, sumUp } from './measure.ts';
import { writePage } from './page.ts';
import { formatFootprints, formatRows } from './report.ts';
import { Bench, pinSelf, type TargetName } from './targets.ts';

const FULL: Plan = { rounds: 3, slices: 3, sliceMs: 1000, warmUpMs: 12_000 };
const QUICK: Plan = { rounds: 3, slices: 1, sliceMs: 250, warmUpMs: 500 };
const TARGETS: readonly TargetName[] = ['direct', 'floor', 'gateway'];

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    only: { type: 'string', default: TARGETS.join(',') },
    'update-baseline': { type: 'boolean', default: false },
  },
});

function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}

async function main(): Promise<number> {
  const names = TARGETS.filter((name) => values.only.split(',').includes(name));
  const bench = new Bench();
  const isPinned = pinSelf();
  if (!isPinned) tell('No second core, or no taskset: everything shares the cores, so read the figures with care.');
  try {
    const { targets, failures } = await bench.start(names);
    for (const [name, reason] of failures) tell(`${name} was not measured: ${reason}`);
    const rounds = await measure(targets, values.quick ? QUICK : FULL, tell);
    const rows = sumUp(targets, rounds);
    const prints = footprints(targets);
    const figures = figuresOf(rows, prints);
    const baseline = await readBaseline();
    const worse = baseline === undefined || !names.includes('gateway') ? [] : worseThan(baseline, figures);
    if (values.json) process.stdout.write(`${JSON.stringify({ isPinned, rows, footprints: prints, failures: Object.fromEntries(failures), worse })}\n`);
    else process.stdout.write(`${formatRows(rows)}\n\n${formatFootprints(prints)}\n${worse.map((line) => `\nWORSE  ${line}`).join('')}\n`);
    if (values['update-baseline'] && failures.size === 0) {
      await writeBaseline(figures);
      await writePage(rows, prints);
    }
    return failures.size === 0 ? 0 : 1;
  } finally {
    await bench.stop();
  }
}

process.exitCode = await main();
