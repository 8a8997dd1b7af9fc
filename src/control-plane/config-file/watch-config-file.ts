/**
 * Watches the configuration file. The folder is watched, not the file: editors save by renaming a new file over the
 * old one, and mounted configuration changes by swapping a link; a watch on the file itself would be lost with it.
 */
import { watch } from 'node:fs';
import { readFile, realpath } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import type { CancelTimer, Clock } from '../../base/clock.ts';
import { type Fault, toFault } from '../../base/fault.ts';
import { configInvalid } from '../../model/config-problem.ts';
import { type ConfigSource, readConfigText } from './read-config-text.ts';

/** Quiet time after the last event: an editor writes in several steps. */
const SETTLE_MS = 100;
/** Many programs save by emptying the file first: so long an empty one may stay before it counts as a mistake. */
const EMPTY_MS = 2_000;

export interface WatchConfigFileOptions {
  readonly clock: Clock;
  /** The text in use (`ConfigSource.text`), so that an edit between reading and watching is not missed. */
  readonly currentText: string;
  /** A new, valid text. What it throws counts as invalid, e.g. a refusal of `compile`. */
  readonly onChange: (source: ConfigSource) => void | Promise<void>;
  /** The text cannot be used: what was there before stays. `problemsOf(fault)` has the places. */
  readonly onInvalid: (fault: Fault) => void;
}

export interface ConfigFileWatch {
  close(): void;
}

/** Resolves once changes are seen; rejects where the file is not there. An unchanged text is no change; a file that is gone is no change until it is back. */
export async function watchConfigFile(path: string, options: WatchConfigFileOptions): Promise<ConfigFileWatch> {
  const file = resolve(path);
  const target = await realpath(file);
  let text = options.currentText;
  let cancelTimer: CancelTimer | undefined;
  let running = Promise.resolve();
  let isClosed = false;

  const check = async (isLate: boolean): Promise<void> => {
    const changed = await readFile(file, 'utf8').catch(absent);
    if (isClosed || changed === undefined || changed === text) return;
    const isEmpty = changed.trim() === '';
    if (isEmpty && !isLate) {
      if (cancelTimer === undefined) checkAfter(EMPTY_MS, true);
      return;
    }
    text = changed;
    // An empty text would be a valid one that takes everything away.
    if (isEmpty) throw configInvalid([{ path: '', line: 1, column: 1, message: 'the file is empty' }]);
    await options.onChange(readConfigText(changed, file));
  };
  const schedule = (_event?: string, name?: string | null): void => {
    // Other files of the folder may change all the time (a log); they must not put off the check for ever.
    if (cancelTimer !== undefined && name !== basename(file)) return;
    cancelTimer?.();
    checkAfter(SETTLE_MS, false);
  };
  const checkAfter = (delayMs: number, isLate: boolean): void => {
    cancelTimer = options.clock.after(delayMs, () => {
      cancelTimer = undefined;
      // One at a time and in order: an older text must not win over a newer one.
      running = running.then(() => check(isLate)).catch((thrown: unknown) => options.onInvalid(toFault(thrown)));
    });
  };

  const watchers = [...new Set([dirname(file), dirname(target)])].map((folder) =>
    watch(folder, { persistent: false }, schedule).on('error', (error) => options.onInvalid(toFault(error))),
  );
  schedule();
  return {
    close() {
      isClosed = true;
      cancelTimer?.();
      for (const watcher of watchers) watcher.close();
    },
  };
}

/** Between the two steps of a save the file may be away; its return is another event. */
function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}
