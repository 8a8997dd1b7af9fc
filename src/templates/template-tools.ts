/** What the file of a template exports, and what it is given. */
import type { Clock } from '../base/clock.ts';
import type { ParameterValues } from '../model/template.ts';
import type { Tool } from '../serving/tool.ts';
import type { ConfinedFiles } from './confined-files.ts';

export interface WebAnswer {
  /** Where it came from in the end. */
  readonly url: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Decoded as UTF-8. */
  readonly text: string;
}

export interface WebRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A request to the outside. Refuses with a `ToolRefusal` what the rules of egress do not allow. */
export type WebFetch = (url: string, request?: WebRequest) => Promise<WebAnswer>;

export interface TemplateContext {
  readonly parameters: ParameterValues;
  readonly clock: Clock;
  /** Always refuses where the template says `egress: none`. */
  readonly web: WebFetch;
  /** Refuses everything where the template says `files: none`, and writing where it says `read`. */
  readonly files: ConfinedFiles;
}

/** The one export of a template's file. */
export type CreateTools = (context: TemplateContext) => readonly Tool[];
