/** The situations that are measured. */
import type { Load } from './load.ts';

export interface Profile {
  readonly name: string;
  readonly load: Load;
  readonly upstream: 'echo' | 'governed' | 'stdio' | 'many';
}

const CALL = 'tools/call';

export const PROFILES: readonly Profile[] = [
  { name: 'legacy-32', load: { family: 'legacy', method: CALL, connections: 32 }, upstream: 'echo' },
  { name: 'modern-32', load: { family: 'modern', method: CALL, connections: 32 }, upstream: 'echo' },
  { name: 'governed-32', load: { family: 'legacy', method: CALL, connections: 32 }, upstream: 'governed' },
  { name: 'legacy-1', load: { family: 'legacy', method: CALL, connections: 1 }, upstream: 'echo' },
  { name: 'modern-1', load: { family: 'modern', method: CALL, connections: 1 }, upstream: 'echo' },
  { name: 'stdio-32', load: { family: 'legacy', method: CALL, connections: 32 }, upstream: 'stdio' },
  { name: 'list-1000', load: { family: 'legacy', method: 'tools/list', connections: 4 }, upstream: 'many' },
];
