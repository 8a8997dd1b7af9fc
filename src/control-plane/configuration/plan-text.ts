/** A plan for people: a line for each object, and below it a line for each value. */
import { showHiddenText } from '../../base/hidden-text.ts';
import type { JsonValue } from '../../protocol/messages.ts';
import type { PlanItem, ValueChange } from './plan.ts';

const SIGNS = { create: '+', update: '~', delete: '-' } as const;

/** `No changes.` for an empty plan. */
export function planText(items: readonly Pick<PlanItem, 'action' | 'kind' | 'name' | 'changes'>[]): string {
  if (items.length === 0) return 'No changes.';
  const lines = items.flatMap((item) => [`${SIGNS[item.action]} ${item.kind}.${item.name}`, ...item.changes.map(changeText)]);
  const count = (action: PlanItem['action']): number => items.filter((item) => item.action === action).length;
  return [...lines, '', `${count('create')} to create, ${count('update')} to change, ${count('delete')} to delete.`].join('\n');
}

function changeText({ path, before, after, isSecret }: ValueChange): string {
  if (before === undefined) return `    + ${path}: ${valueText(after)}`;
  if (after === undefined) return `    - ${path}: ${valueText(before)}`;
  return `    ~ ${path}: ${valueText(before)} → ${valueText(after)}${isSecret ? ' (secret)' : ''}`;
}

/** Whole, and with what nobody would see spelled out: it may be a command that is about to be approved (ST-16). */
function valueText(value: JsonValue | undefined): string {
  return showHiddenText(JSON.stringify(value) ?? '');
}
