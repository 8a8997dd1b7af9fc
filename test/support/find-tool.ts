/** A program that reads what is shipped for deployment: on the PATH, or where `.ci/tools.sh` puts it. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

/** Undefined, with a line that says so, where it is not here. */
export function findTool(name: string, from = '.ci/tools.sh installs it'): string | undefined {
  const places = [join(ROOT, '.ci/tools/bin'), ...(process.env['PATH'] ?? '').split(':'), '/usr/sbin'];
  const found = places.map((place) => join(place, name)).find((path) => existsSync(path));
  if (found === undefined) process.stderr.write(`skipped: no ${name} here; ${from}\n`);
  return found;
}

export interface ToolAnswer {
  readonly status: number | null;
  /** What it wrote, of both kinds. */
  readonly said: string;
  readonly stdout: string;
}

/** Runs it in the root of the repository. */
export function runTool(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): ToolAnswer {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', cwd: ROOT, timeout: 120_000, env: { ...process.env, ...env } });
  return { status, said: `${stdout}${stderr}`, stdout };
}
