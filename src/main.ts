/** The program: everything that it may do is a command; `serve` runs the gateway. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { systemClock } from './base/clock.ts';
import { createProcessHost } from './cli/process-host.ts';
import { runCli } from './cli/run.ts';
import { readEnvironment } from './config.ts';
import { checkConfigFile, createServeCommand } from './serve-command.ts';

// What one request allocates dies with it. V8 learns otherwise from a few that live longer, allocates them as old, and
// then keeps what they point to until the next full collection: measured, a fifth of all memory under load.
setFlagsFromString('--no-allocation-site-pretenuring');

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
const selfCommand: readonly [string, string] = [process.execPath, fileURLToPath(new URL('../bin/metamcp.js', import.meta.url))];

const host = createProcessHost(
  {
    env: readEnvironment(),
    clock: systemClock,
    selfCommand,
    version,
    serve: createServeCommand({ version, selfCommand, stdout: process.stdout, stderr: process.stderr }),
    checkConfigFile,
  },
  process,
);
process.exitCode = await runCli(process.argv.slice(2), host);
