/**
 * Files below one root. A path is walked folder by folder over open handles, each opened without following links, so
 * neither a link nor a folder that is swapped in the meantime leads outside (ST-14; CVE-2025-53109, CVE-2025-53110). Links
 * inside are followed only by resolving them first and walking to where they lead, which must lie in the root too.
 */
import { constants, type Dirent } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { ToolRefusal } from '../serving/tool.ts';

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_TRUNC, O_WRONLY } = constants;
const FILE_BYTES_MAX = 10 << 20;

export interface FileFacts {
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'other';
  readonly bytes: number;
  readonly modified: string;
}

export interface ConfinedFilesOptions {
  /** Absolute; undefined: there are no files. */
  readonly root: string | undefined;
  readonly mayWrite: boolean;
  /** For names of temporary files. */
  readonly newId: () => string;
}

export class ConfinedFiles {
  readonly #options: ConfinedFilesOptions;
  #realRoot: Promise<string> | undefined;

  constructor(options: ConfinedFilesOptions) {
    this.#options = options;
  }

  /** At most 10 MiB. Refuses what is no regular file. */
  async read(path: string): Promise<Buffer> {
    return this.#at(path, async (folder, name) => {
      const file = await openIn(folder, name, O_RDONLY | O_NOFOLLOW, path);
      try {
        const facts = await file.stat();
        if (!facts.isFile()) throw new ToolRefusal(`${path} is no file`);
        if (facts.size > FILE_BYTES_MAX) throw new ToolRefusal(`${path} is larger than ${FILE_BYTES_MAX} bytes`);
        return await file.readFile();
      } finally {
        await file.close();
      }
    });
  }

  /** Whole or not at all: written beside it, then renamed. Makes the folders on the way. */
  async write(path: string, content: string | Uint8Array): Promise<void> {
    this.#checkWriting();
    if (Buffer.byteLength(content) > FILE_BYTES_MAX) throw new ToolRefusal(`more than ${FILE_BYTES_MAX} bytes are not written`);
    await this.#at(
      path,
      async (folder, name) => {
        const temporary = `.${this.#options.newId()}.tmp`;
        const file = await openIn(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_TRUNC | O_NOFOLLOW, path);
        try {
          await file.writeFile(content);
        } finally {
          await file.close();
        }
        await rename(inFolder(folder, temporary), inFolder(folder, name)).catch(async (error: unknown) => {
          await rm(inFolder(folder, temporary), { force: true });
          throw refusalOf(error, path);
        });
      },
      true,
    );
  }

  /** A link is removed, not what it leads to. Refuses folders. */
  async remove(path: string): Promise<void> {
    this.#checkWriting();
    await this.#at(path, async (folder, name) => {
      await rm(inFolder(folder, name)).catch((error: unknown) => {
        throw refusalOf(error, path);
      });
    });
  }

  /** What lies in a folder, by name. */
  async list(path: string): Promise<FileFacts[]> {
    const parts = await this.#resolved(path, false);
    const folder = await this.#walk(parts, path, false);
    try {
      const entries: Dirent[] = await readdir(handlePath(folder), { withFileTypes: true });
      const facts = await Promise.all(entries.filter(({ name }) => !name.endsWith('.tmp')).map((entry) => factsOf(folder, entry)));
      return facts.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    } finally {
      await folder.close();
    }
  }

  #checkWriting(): void {
    if (!this.#options.mayWrite) throw new ToolRefusal('This server may not write files');
  }

  async #root(): Promise<string> {
    const { root } = this.#options;
    if (root === undefined) throw new ToolRefusal('This server has no folder: set its parameter base_dir');
    this.#realRoot ??= realpath(root);
    return this.#realRoot;
  }

  /** Folders and name below the root, links resolved as far as the path exists. */
  async #resolved(path: string, makesFolders: boolean): Promise<string[]> {
    if (path.includes('\0')) throw new ToolRefusal('A path cannot hold a zero character');
    const root = await this.#root();
    const wanted = isAbsolute(path) ? resolve(path) : resolve(root, path);
    this.#checkInside(root, wanted, path);
    const real = await realpath(wanted).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw refusalOf(error, path);
      // What is not there yet: its nearest folder that is decides.
      return join(await this.#nearest(wanted, makesFolders), '');
    });
    this.#checkInside(root, real, path);
    const below = relative(root, real);
    return below === '' ? [] : below.split(sep).filter((part) => part !== '');
  }

  async #nearest(wanted: string, makesFolders: boolean): Promise<string> {
    const missing: string[] = [];
    let at = wanted;
    for (;;) {
      const slash = at.lastIndexOf(sep);
      missing.unshift(at.slice(slash + 1));
      at = at.slice(0, slash) || sep;
      const real = await realpath(at).catch(() => undefined);
      if (real === undefined) {
        if (!makesFolders && missing.length > 1) return join(at, ...missing);
        continue;
      }
      return join(real, ...missing);
    }
  }

  #checkInside(root: string, path: string, asked: string): void {
    if (path !== root && !path.startsWith(root.endsWith(sep) ? root : root + sep)) throw new ToolRefusal(`${asked} lies outside of the folder of this server`);
  }

  async #at<Result>(path: string, use: (folder: FileHandle, name: string) => Promise<Result>, makesFolders = false): Promise<Result> {
    const parts = await this.#resolved(path, makesFolders);
    const name = parts.pop();
    if (name === undefined) throw new ToolRefusal(`${path} is the folder itself`);
    const folder = await this.#walk(parts, path, makesFolders);
    try {
      return await use(folder, name);
    } finally {
      await folder.close();
    }
  }

  /** Opens folder after folder; a link on the way, put there since, is refused. */
  async #walk(parts: readonly string[], asked: string, makesFolders: boolean): Promise<FileHandle> {
    let folder = await open(await this.#root(), O_RDONLY | O_DIRECTORY);
    for (const part of parts) {
      const parent = folder;
      try {
        if (makesFolders) await mkdir(inFolder(parent, part)).catch(ignoreExisting);
        folder = await openIn(parent, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, asked);
      } finally {
        await parent.close();
      }
    }
    return folder;
  }
}

/** Linux: a path relative to an open folder, as openat(2) takes it. */
function inFolder(folder: FileHandle, name: string): string {
  return `${handlePath(folder)}/${name}`;
}

function handlePath(folder: FileHandle): string {
  return `/proc/self/fd/${folder.fd}`;
}

async function openIn(folder: FileHandle, name: string, flags: number, asked: string): Promise<FileHandle> {
  try {
    return await open(inFolder(folder, name), flags, 0o600);
  } catch (error) {
    throw refusalOf(error, asked);
  }
}

async function factsOf(folder: FileHandle, entry: Dirent): Promise<FileFacts> {
  const kind = entry.isFile() ? 'file' : entry.isDirectory() ? 'folder' : 'other';
  if (kind === 'other') return { name: entry.name, kind, bytes: 0, modified: '' };
  const facts = await stat(inFolder(folder, entry.name));
  return { name: entry.name, kind, bytes: facts.size, modified: facts.mtime.toISOString() };
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

function refusalOf(error: unknown, path: string): Error {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const words: Readonly<Record<string, string>> = { ENOENT: 'is not there', ENOTDIR: 'is not there', ELOOP: 'is a link that leads elsewhere', EACCES: 'may not be used', EISDIR: 'is a folder', ERR_FS_EISDIR: 'is a folder', ERR_ACCESS_DENIED: 'may not be used', EPERM: 'may not be used' };
  const said = words[code];
  return said === undefined && error instanceof Error ? error : new ToolRefusal(`${path} ${said ?? 'cannot be used'}`);
}
