/** What a request means to policy, beside its target: the kind of primitive, and the labels it claims. */

import type { PrimitiveKind } from '../model/namespace.ts';
import type { Labels } from '../model/policy.ts';
import { isObject, type JsonObject } from '../protocol/messages.ts';
import { META_LABELS, metaOf } from '../protocol/meta.ts';

/** A completion is about the prompt or template that it completes; whatever is read, a resource. */
export function primitiveOf(method: string, params: JsonObject): PrimitiveKind {
  if (method === 'tools/call') return 'tool';
  if (method === 'prompts/get') return 'prompt';
  if (method !== 'completion/complete') return 'resource';
  return isObject(params['ref']) && params['ref']['type'] === 'ref/prompt' ? 'prompt' : 'resourceTemplate';
}

/** A task was made by a call that policy allowed, and its id opens for nobody else; which tool it was is not known any more. */
export function isAboutTask(method: string): boolean {
  return method.startsWith('tasks/');
}

/** Labels of `_meta`, undefined where none are claimed. What is malformed claims a label that fits nothing. */
export function claimedLabels(params: JsonObject): Labels | undefined {
  const labels = metaOf(params)[META_LABELS];
  if (labels === undefined) return undefined;
  if (!isObject(labels)) return { agent: MALFORMED, stage: MALFORMED };
  return { agent: labelOf(labels['agent']), stage: labelOf(labels['stage']) };
}

/** Longer than any label may be. */
const MALFORMED = '?'.repeat(200);

function labelOf(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  return typeof value === 'string' ? value.slice(0, 200) : MALFORMED;
}
