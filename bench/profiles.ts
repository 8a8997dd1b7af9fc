/** The situations that are measured. */
import type { Load } from './load.ts';

export interface Profile {
  readonly name: string;
  readonly load: Load;
  readonly upstream: 'echo' | 'governed' | 'stdio' | 'many';
  /** The profile whose floor and direct figures this one is held against: its own, unless there is no floor for it. */
  readonly against: string;
}

const CALL = 'tools/call';

export const PROFILES: readonly Profile[] = [
  { name: 'legacy-32', load: { family: 'legacy', method: CALL, connections: 32 }, upstream: 'echo', against: 'legacy-32' },
  { name: 'modern-32', load: { family: 'modern', method: CALL, connections: 32 }, upstream: 'echo', against: 'modern-32' },
  { name: 'governed-32', load: { family: 'legacy', method: CALL, connections: 32 }, upstream: 'governed', against: 'legacy-32' },
  { name: 'legacy-1', load: { family: 'legacy', method: CALL, connections: 1 }, upstream: 'echo', against: 'legacy-1' },
  { name: 'modern-1', load: { family: 'modern', method: CALL, connections: 1 }, upstream: 'echo', against: 'modern-1' },
  { name: 'stdio-32', load: { family: 'legacy', method: CALL, connections: 32 }, upstream: 'stdio', against: 'stdio-32' },
  { name: 'list-1000', load: { family: 'legacy', method: 'tools/list', connections: 4 }, upstream: 'many', against: 'list-1000' },
];
