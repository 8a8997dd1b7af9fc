/** The program: everything that it may do is a command; `serve` runs the gateway. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { systemClock, toIso } from './base/clock.ts';
import type { CopiedFolder } from './cli/host.ts';
import { createProcessHost } from './cli/process-host.ts';
import { runCli } from './cli/run.ts';
import { readEnvironment } from './config.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
const selfCommand: readonly [string, string] = [process.execPath, fileURLToPath(new URL('../bin/metamcp.js', import.meta.url))];

const host = createProcessHost(
  {
    env: readEnvironment(),
    clock: systemClock,
    selfCommand,
    version,
    // Loaded when asked for: every other command is a client, and begins in a quarter of the time.
    serve: async (args, stopping) => {
      const { createServeCommand } = await import('./serve-command.ts');
      return createServeCommand({ version, selfCommand, stdout: process.stdout, stderr: process.stderr })(args, stopping);
    },
    folders: {
      backUp: async (dataFolder, target) => toCopied((await import('./storage/backup.ts')).backUp(dataFolder, target, { version, at: toIso(systemClock.nowMs()) })),
      restore: async (source, dataFolder) => toCopied((await import('./storage/backup.ts')).restore(source, dataFolder)),
    },
    checkConfigFile: async (path) => (await import('./serve-command.ts')).checkConfigFile(path),
    orchestrate: async (stopping) => {
      const { runStandaloneOrchestrator } = await import('./orchestrator/standalone.ts');
      return runStandaloneOrchestrator({ environment: readEnvironment(), workFolder: process.cwd(), version, stopping, say: (line) => void process.stderr.write(`${line}\n`) });
    },
  },
  process,
);
export const exitCode = await runCli(process.argv.slice(2), host);

function toCopied({ files, ...about }: { readonly files: readonly unknown[]; readonly version: string; readonly hasDatabase: boolean }): CopiedFolder {
  return { files: files.length, version: about.version, hasDatabase: about.hasDatabase };
}
