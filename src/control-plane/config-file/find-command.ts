/** Finds programs the way a shell would, once, when the configuration is compiled: nothing is looked up at a start. */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import type { FindCommand } from '../../snapshot/compile-context.ts';

export interface Machine {
  readonly platform: NodeJS.Platform;
  /** PATH of the gateway. */
  readonly path: string;
  /** Windows: endings of programs, e.g. `.EXE;.CMD`. */
  readonly pathExtensions: string | undefined;
}

/** A relative path (`./server`) counts from the server's working directory; a bare name is sought along PATH. */
export function createFindCommand(machine: Machine): FindCommand {
  const extensions = machine.platform === 'win32' ? ['', ...(machine.pathExtensions ?? '.COM;.EXE;.BAT;.CMD').split(';')] : [''];
  return (command, { cwd, path }) => {
    const isPath = command.includes('/') || (machine.platform === 'win32' && command.includes('\\'));
    const folders = isPath ? [resolve(cwd ?? '.')] : (path ?? machine.path).split(delimiter).filter((folder) => isAbsolute(folder));
    for (const folder of folders) {
      for (const extension of extensions) {
        const file = isPath ? resolve(folder, command + extension) : join(folder, command + extension);
        if (isProgram(file)) return file;
      }
    }
    return undefined;
  };
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    // Not there, or not ours to run: the search goes on, and its end is told by the caller.
    return false;
  }
}
