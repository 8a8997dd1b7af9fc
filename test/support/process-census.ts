/** What a process holds, as Linux tells it: children and open files. */
import { readdir, readFile, readlink } from 'node:fs/promises';

/** Ids of all processes that descend from this one. */
export async function descendants(pid: number): Promise<readonly number[]> {
  const parents = new Map<number, number>();
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => undefined);
    // The name of the program stands in parentheses and may hold anything; the parent is the second field after it.
    const parent = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const found: number[] = [];
  for (let queue = [pid]; queue.length > 0; ) {
    const next = [...parents].filter(([, parent]) => queue.includes(parent)).map(([child]) => child);
    found.push(...next);
    queue = next;
  }
  return found;
}

export interface Census {
  readonly children: number;
  readonly sockets: number;
  readonly files: number;
}

export async function census(pid: number): Promise<Census> {
  const folder = `/proc/${pid}/fd`;
  const links = await Promise.all((await readdir(folder)).map((name) => readlink(`${folder}/${name}`).catch(() => '')));
  return {
    children: (await descendants(pid)).length,
    sockets: links.filter((link) => link.startsWith('socket:')).length,
    files: links.filter((link) => link !== '').length,
  };
}
