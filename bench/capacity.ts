/**
 * What the gateway can hold and how it takes too much: memory of idle clients, start, a large result, cost beside much
 * else, and load beyond the knee. Each figure has its bound; ends with 1 where one is missed.
 *
 *     npm run capacity -- [--only idle,start,large,flat,knee]
 *
 * Linux: memory and processor time are read from /proc. Memory of idle clients is resident memory after a collection.
 */
import { parseArgs } from 'node:util';
import { measureFlat } from './capacity-flat.ts';
import type { Measured } from './capacity-gateway.ts';
import { measureIdle } from './capacity-idle.ts';
import { measureKnee } from './capacity-knee.ts';
import { measureLarge } from './capacity-large.ts';
import { measureStart } from './capacity-start.ts';
import { pinSelf } from './targets.ts';

const PARTS: Readonly<Record<string, () => Promise<readonly Measured[]>>> = { idle: measureIdle, start: measureStart, large: measureLarge, flat: measureFlat, knee: measureKnee };
const { values } = parseArgs({ options: { only: { type: 'string', default: Object.keys(PARTS).join(',') } } });

if (!pinSelf()) process.stderr.write('No second core, or no taskset: everything shares the cores, so read the figures with care.\n');
for (const name of values.only.split(',')) {
  const part = PARTS[name];
  if (part === undefined) throw new Error(`no part ${name}: ${Object.keys(PARTS).join(', ')}`);
  for (const { name: what, found, bound, isGood } of await part()) {
    process.stdout.write(`${isGood ? 'good ' : 'WRONG'}  ${what}: ${found}; ${bound}\n`);
    if (!isGood) process.exitCode = 1;
  }
}
