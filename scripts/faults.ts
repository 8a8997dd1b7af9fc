/**
 * `npm run faults -- [--seeds N] [FILE…]`: the tests of all faults, wherever they are; the last line counts the faults that
 * end as expected. The nightly form is `--seeds 5`: the same again with other seeds, one after the other.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startVitest } from 'vitest/node';
import { FAULT_ROWS } from '../test/faults/fault-list.ts';
import { FaultReporter } from '../test/faults/fault-reporter.ts';
import { SEED } from '../test/faults/seed.ts';

const { values, positionals } = parseArgs({ options: { seeds: { type: 'string', default: '1' } }, allowPositionals: true });
if (Number(values.seeds) > 1) nightly(Number(values.seeds));
else await once();

async function once(): Promise<void> {
  const elsewhere = FAULT_ROWS.filter(({ open }) => open === undefined).flatMap((row) => row.elsewhere ?? []);
  const names = ['\\[F-\\d\\d\\]', 'is violated by', ...new Set(elsewhere.map(([, name]) => name.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)))];
  // Tests read the seed from here, so that all of a run have the same.
  process.env['FAULT_SEED'] = String(SEED);
  const files = positionals.length > 0 ? positionals : ['test/faults', ...new Set(elsewhere.map(([file]) => file))];
  const vitest = await startVitest('test', files, { watch: false, run: true, testNamePattern: names.join('|'), reporters: ['default', new FaultReporter(SEED, positionals.length === 0)] });
  await vitest.close();
}

function nightly(seeds: number): void {
  const runs = Array.from({ length: seeds }, (_one, index) => {
    const env = { ...process.env, FAULT_SEED: String(SEED + index) };
    return spawnSync(process.execPath, [fileURLToPath(import.meta.url), ...positionals], { stdio: 'inherit', env }).status === 0;
  });
  const good = runs.filter(Boolean).length;
  process.stdout.write(`${good} of ${seeds} seeds as expected\n`);
  if (good < seeds) process.exitCode = 1;
}
