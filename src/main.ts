/** What must be set before anything is loaded; then the program. */
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { setHeapFlags } from './base/heap-flags.ts';

setHeapFlags();

// Sources are stripped of their types and compiled once, not at each start: half of a start's time. A folder that
// cannot be written costs nothing but that.
enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/metamcp', import.meta.url)));

const { exitCode } = await import('./program.ts');
process.exitCode = exitCode;
