/** What the control plane needs of discovery. It declares it here; `live-discovery.ts` fills it in. */
import type { z } from 'zod';
import type { EvaluateSearch, ExplainRoute, GetContextCost, PreviewToolRule, SearchTools, SuggestGroups } from '../../contract/discovery.ts';
import type { InputOf } from '../../contract/operation.ts';
import type { NamespaceSpec } from '../../model/namespace.ts';

type Answer<O extends { readonly answer: z.ZodType }> = z.input<O['answer']>;

/** Each is of an endpoint or namespace of the snapshot; throws `request.not_found` where it is not there. */
export interface LiveDiscovery {
  costOf(endpoint: string): Answer<typeof GetContextCost>;
  search(endpoint: string, asked: InputOf<typeof SearchTools>['body']): Answer<typeof SearchTools>;
  evaluate(endpoint: string, cases: InputOf<typeof EvaluateSearch>['body']['cases'], against: NamespaceSpec | undefined): Promise<Answer<typeof EvaluateSearch>>;
  /** Throws `request.not_found` for a group that there is not. */
  route(endpoint: string, call: InputOf<typeof ExplainRoute>['body']): Answer<typeof ExplainRoute>;
  previewRule(endpoint: string, rule: InputOf<typeof PreviewToolRule>['body']['rule']): Answer<typeof PreviewToolRule>;
  suggestGroups(namespace: string): Answer<typeof SuggestGroups>;
}
