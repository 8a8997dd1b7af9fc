/** `npm run fuzz -- [--mutants 1000000] [--seed N]`: the nightly form; ends with 1 where something was found. */
import { parseArgs } from 'node:util';
import { SEED } from '../test/faults/seed.ts';
import { runFuzz } from '../test/fuzz/run-fuzz.ts';

const { values } = parseArgs({ options: { mutants: { type: 'string', default: '1000000' }, seed: { type: 'string', default: String(SEED) } } });
const tell = (text: string): void => void process.stderr.write(`${text}\n`);
const { findings, mutants } = await runFuzz({ mutants: Number(values.mutants), seed: Number(values.seed), tell });
for (const finding of findings) process.stdout.write(`${finding}\n`);
process.stdout.write(`seed ${values.seed}: ${mutants} mutants, ${findings.length} findings\n`);
process.exit(findings.length === 0 ? 0 : 1);
