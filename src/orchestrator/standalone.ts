/** The orchestrator as a program of its own: one user, stdin and stdout, everything in a temporary folder. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { systemClock } from '../base/clock.ts';
import { Fault } from '../base/fault.ts';
import { serveStdio } from '../serving/serve-stdio.ts';
import { loadTemplates } from '../templates/load-templates.ts';
import { OrphanWatcher } from '../upstream/stdio/orphan-watcher.ts';
import { createOrchestrator } from './orchestrator.ts';
import { readOrchestratorFile, readOrchestratorSettings } from './orchestrator-settings.ts';

export interface StandaloneOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workFolder: string;
  readonly version: string;
  readonly stopping: AbortSignal;
  readonly say: (line: string) => void;
}

/** Whoever started the program is its one principal. */
const USER = 'local';

/** Runs until stdin ends or `stopping` is aborted; resolves with the exit code once nothing is left. */
export async function runStandaloneOrchestrator({ environment, workFolder, version, stopping, say }: StandaloneOptions): Promise<number> {
  let folder: string | undefined;
  try {
    const settings = readOrchestratorSettings(readOrchestratorFile(environment, workFolder), environment);
    const own = (folder = mkdtempSync(join(settings.temporaryFolder, 'meta-mcp-server-')));
    const { templates, problems } = loadTemplates(undefined);
    for (const problem of problems) say(`template left out: ${problem}`);
    const watcher = new OrphanWatcher({ clock: systemClock, platform: process.platform, onProblem: say });
    const orchestrator = createOrchestrator({
      clock: systemClock,
      random: (count) => randomBytes(count),
      version,
      settings: { ...settings, temporaryFolder: own },
      templates: () => templates,
      watcher,
      node: process.execPath,
      path: environment['PATH'] ?? '',
      egressAllow: [],
      ...(settings.logLevel === 'debug' ? { onStderr: (serverId: string, line: string) => say(`${serverId}: ${line}`) } : {}),
    });
    await new Promise<void>((resolve) => {
      if (stopping.aborted) return resolve();
      stopping.addEventListener('abort', () => resolve(), { once: true });
      serveStdio(
        (send) => orchestrator.peerFor(USER, send),
        async () => resolve(),
      );
    });
    await awake(() => orchestrator.close());
    await watcher.close();
    return 0;
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    say(thrown.message);
    return 1;
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    process.stdin.destroy();
  }
}

/** The clock's timers let a process end; what waits for its children must not be cut off. */
async function awake(work: () => Promise<void>): Promise<void> {
  const { port1: wakefulness } = new MessageChannel();
  wakefulness.ref();
  try {
    await work();
  } finally {
    wakefulness.close();
  }
}
