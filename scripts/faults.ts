/** `npm run faults`: the tests of all faults, wherever they are; the last line counts the faults that end as expected. */
import { startVitest } from 'vitest/node';
import { FAULT_ROWS } from '../test/faults/fault-list.ts';
import { FaultReporter } from '../test/faults/fault-reporter.ts';
import { SEED } from '../test/faults/seed.ts';

const elsewhere = FAULT_ROWS.filter(({ open }) => open === undefined).flatMap((row) => row.elsewhere ?? []);
const names = ['\\[F-\\d\\d\\]', 'is violated by', ...new Set(elsewhere.map(([, name]) => name.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)))];
// Tests read the seed from here, so that all of a run have the same.
process.env['FAULT_SEED'] = String(SEED);
const filters = process.argv.slice(2);
const files = filters.length > 0 ? filters : ['test/faults', ...new Set(elsewhere.map(([file]) => file))];
const vitest = await startVitest('test', files, { watch: false, run: true, testNamePattern: names.join('|'), reporters: ['default', new FaultReporter(SEED)] });
await vitest.close();
