/** Finds a program as the system would, so that a missing one is a clear sentence and not ENOENT. */
import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';

export interface CommandPlace {
  /** As `process.platform`. */
  readonly platform: NodeJS.Platform;
  /** Names that matter: PATH, and PATHEXT on Windows. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The child's working folder: a command with a slash in it is relative to it. */
  readonly cwd: string | undefined;
}

/**
 * The absolute path of a command: as it stands, relative to `cwd` when it holds a slash, else the first match in PATH.
 * Undefined where there is no executable file. On Windows the endings of PATHEXT are tried.
 */
export function findCommand(command: string, place: CommandPlace): string | undefined {
  const isWindows = place.platform === 'win32';
  const lib = isWindows ? path.win32 : path.posix;
  const hasFolder = command.includes('/') || (isWindows && command.includes('\\'));
  const folders = hasFolder ? [place.cwd ?? '.'] : (valueOf(place, 'PATH') ?? '').split(lib.delimiter).filter((folder) => folder !== '');
  const endings = isWindows ? ['', ...(valueOf(place, 'PATHEXT') ?? '.EXE;.CMD;.BAT;.COM').split(';')] : [''];
  for (const folder of folders) {
    for (const ending of endings) {
      const candidate = lib.resolve(folder, command + ending);
      if (isExecutableFile(candidate, isWindows)) return candidate;
    }
  }
  return undefined;
}

function valueOf(place: CommandPlace, name: string): string | undefined {
  if (place.platform !== 'win32') return place.environment[name];
  return Object.entries(place.environment).find(([key]) => key.toUpperCase() === name)?.[1];
}

function isExecutableFile(candidate: string, isWindows: boolean): boolean {
  try {
    if (!statSync(candidate).isFile()) return false;
    // Windows has no such permission; there an ending makes a program.
    if (isWindows) return path.win32.extname(candidate) !== '';
    accessSync(candidate, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
