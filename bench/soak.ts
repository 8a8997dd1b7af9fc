/**
 * Three days of use in one go: 5,200,000 calls (72 hours at 20 a second), with sessions that open and close, servers that
 * are killed, configurations that change and calls that are given up. Ends with a verdict, and with drawings of memory,
 * descriptors and latency.
 *
 *     npm run soak -- [--full] [--calls 520000] [--warm-up-minutes 15] [--out .soak]
 *
 * Without `--full` it is a tenth of that. The calls that are judged come after a warm-up, which is as long in both forms.
 * Linux: what a process holds is read from /proc.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runSoak } from './soak-load.ts';
import { toSvg } from './soak-plot.ts';
import { judge } from './soak-verdict.ts';

const FULL_CALLS = 5_200_000;
const { values } = parseArgs({ options: { full: { type: 'boolean', default: false }, calls: { type: 'string' }, 'warm-up-minutes': { type: 'string', default: '15' }, out: { type: 'string', default: '.soak' }, seed: { type: 'string', default: '1' } } });
const calls = values.calls === undefined ? (values.full ? FULL_CALLS : FULL_CALLS / 10) : numberOf('calls', values.calls, 1_000);
const warmUpMs = numberOf('warm-up-minutes', values['warm-up-minutes'], 0) * 60_000;
const seed = numberOf('seed', values.seed, 0);

/** Ends the process where it is none. */
function numberOf(option: string, text: string, min: number): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value >= min) return value;
  process.stderr.write(`--${option} is a number, ${min} or more; give that instead of ${JSON.stringify(text)}\n`);
  return process.exit(2);
}

const run = await runSoak({ calls, warmUpMs, seed, tell: (text) => void process.stderr.write(`${text}\n`) });
const verdict = judge(run);
mkdirSync(values.out, { recursive: true });
writeFileSync(join(values.out, 'samples.json'), JSON.stringify(run.samples));
for (const [name, text] of Object.entries(toSvg(run.samples))) writeFileSync(join(values.out, `${name}.svg`), text);
for (const { name, isGood, found } of verdict) process.stdout.write(`${isGood ? 'good ' : 'WRONG'}  ${name}: ${found}\n`);
const isGood = verdict.every((one) => one.isGood);
process.stdout.write(`${run.calls} calls in ${Math.round(run.tookMs / 1_000)} s, drawings in ${values.out}: ${isGood ? 'the soak is passed' : 'THE SOAK IS NOT PASSED'}\n`);
process.exitCode = isGood ? 0 : 1;
