/** What the admin API needs of templates and of servers on demand. */
import type { ChildEvent } from '../model/child-event.ts';
import type { Template, TemplateData } from '../model/template.ts';

export interface LiveChild {
  readonly id: string;
  readonly name: string;
  readonly source: string;
  readonly principal: string;
  readonly status: string;
  readonly pid: number | undefined;
  readonly createdAtMs: number;
  readonly idleMs: number;
  readonly memoryBytes: number;
  readonly cpuMs: number;
  readonly processes: number;
  readonly calls: number;
  readonly errors: number;
}

export interface OnDemandServices {
  readonly hasSandbox: boolean;
  templates(): readonly Template[];
  /** Throws `config.invalid`, `request.conflict`. */
  importTemplate(data: TemplateData, source: string): Template;
  exportTemplate(name: string): { readonly template: TemplateData; readonly source: string };
  /** Throws `request.not_found`, `request.conflict`. */
  deleteTemplate(name: string): Template;
  children(): readonly LiveChild[];
  stopChild(id: string): Promise<void>;
  /** Resolves when every event that was told by now can be read. */
  settleEvents(): Promise<void>;
  /** Hears every event from now on; what it returns ends that. Undefined where too many follow. */
  followEvents(follower: (event: ChildEvent) => void): (() => void) | undefined;
}
