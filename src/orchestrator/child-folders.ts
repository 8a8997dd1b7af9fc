/** Temporary folders of children: one below another for this process, removed with their children; what a killed gateway left is removed at the next start. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

const PREFIX = 'metamcp-children-';

export class ChildFolders {
  readonly #parent: string;
  #own: string | undefined;

  constructor(parent: string) {
    this.#parent = parent;
  }

  /** An empty folder that only this user may enter. */
  make(): string {
    if (this.#own === undefined) {
      mkdirSync(this.#parent, { recursive: true });
      removeLeftovers(this.#parent);
      this.#own = mkdtempSync(join(this.#parent, `${PREFIX}${process.pid}-`));
    }
    return mkdtempSync(join(this.#own, 'child-'));
  }

  async remove(folder: string): Promise<void> {
    await rm(folder, { recursive: true, force: true, maxRetries: 2 });
  }

  /** Call last. */
  close(): void {
    if (this.#own !== undefined) rmSync(this.#own, { recursive: true, force: true });
    this.#own = undefined;
  }
}

function removeLeftovers(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(parent, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
