/** What must be set before anything is loaded; then the program. */
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';

// What one request allocates dies with it. V8 learns otherwise from a few that live longer, allocates them as old, and
// then keeps what they point to until the next full collection: measured, a fifth of all memory under load.
setFlagsFromString('--no-allocation-site-pretenuring');

// In quiet minutes V8 collects until nothing more is won by it, and with what is gone throws away most of what it had
// optimised: measured, the first second after half a minute without calls took twice as long, the next three a fifth more.
// Memory is there to be used again. `--no-memory-reducer` would say it better, but only counts on the command line.
setFlagsFromString('--gc-memory-reducer-start-delay-ms=2000000000');

// The old part of a heap may grow to twice what lives in it before it is collected, not to four times: for 300 bytes of a
// call that get there by accident that is one collection more in 150,000 calls, and 100 MB less.
setFlagsFromString('--heap-growing-percent=25');

// Megabytes, for the heaps of threads; `wiring/young-generation.ts` says why, and bounds the one that is there already.
setFlagsFromString('--min-semi-space-size=8');
setFlagsFromString('--max-semi-space-size=8');

// Sources are stripped of their types and compiled once, not at each start: half of a start's time. A folder that
// cannot be written costs nothing but that.
enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/metamcp', import.meta.url)));

const { exitCode } = await import('./program.ts');
process.exitCode = exitCode;
