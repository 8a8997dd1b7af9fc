/** A server on demand as its principal knows it, from its creation until a while after its end. */
import type { Template } from '../model/template.ts';
import type { Child, ChildUse } from './child.ts';

export type RecordStatus = 'starting' | 'running' | 'stopping' | 'stopped' | 'failed';

export interface ServerRecord {
  readonly id: string;
  readonly name: string;
  readonly serverType: 'python' | 'node';
  readonly template: Template | undefined;
  /** A template's name, or `script`. */
  readonly source: string;
  /** Id of the principal whose it is; empty while it waits in the pool. */
  readonly principal: string;
  readonly isPooled: boolean;
  readonly createdAtMs: number;
  readonly timeoutMs: number;
  readonly memoryMegabytes: number;
  /** Its own, removed with it. */
  readonly folder: string;
  /** While it starts or runs. One that has ended is let go: it holds pipes and what was read from them. */
  child: Child | undefined;
  /** What it had used when it ended. */
  lastUse: ChildUse | undefined;
  status: RecordStatus;
  /** Why it failed or ended. */
  reason: string;
}
