/** One rule of a capability group: for whom it holds, and where it leads. */
import { useState } from 'react';
import { IconButton } from '../../components/button.tsx';
import { SelectField, TextField } from '../../components/form.tsx';
import { useText } from '../../texts/texts.ts';
import { compact, type GroupRule, toList } from './group-data.ts';

interface RuleRowProps {
  readonly rule: GroupRule;
  /** Members and other groups. */
  readonly targets: readonly string[];
  readonly set: (rule: GroupRule) => void;
  readonly remove: () => void;
}

export function RuleRow({ rule, targets, set, remove }: RuleRowProps) {
  const say = useText();
  const target = rule.use ?? '';
  const options = [...targets.map((value) => ({ value, label: value })), { value: '', label: say('groups.byTags') }];
  const conditions = rule.arguments?.length ?? 0;
  return (
    <div role="group" aria-label={say('groups.rule')} className="grid gap-3 rounded-md border border-line p-3">
      <div className="grid items-end gap-3 sm:grid-cols-[1fr_1fr_auto]">
        <TextField label={say('groups.ruleName')} isMono value={rule.name ?? ''} set={(name) => set(compact({ ...rule, name }))} />
        <SelectField label={say('groups.use')} value={target} set={(use) => set(use === '' ? { ...without(rule, 'use'), tags: rule.tags ?? [] } : { ...without(rule, 'tags'), use })} options={options} />
        <IconButton icon="trash" label={say('groups.removeRule')} onClick={remove} />
      </div>
      <div className="grid gap-3 sm:grid-cols-3">
        {(['agents', 'stages', 'endpoints'] as const).map((field) => (
          <ListField key={field} label={say(`groups.${field}`)} list={rule[field]} set={(list) => set({ ...rule, [field]: list })} />
        ))}
      </div>
      {target === '' && <ListField label={say('groups.tags')} list={rule.tags} set={(tags) => set({ ...rule, tags })} />}
      {conditions > 0 && <p className="text-soft">{say('groups.conditions', { count: conditions })}</p>}
    </div>
  );
}

function without(rule: GroupRule, field: 'use' | 'tags'): GroupRule {
  return Object.fromEntries(Object.entries(rule).filter(([name]) => name !== field));
}

interface ListFieldProps {
  readonly label: string;
  readonly list: readonly string[] | undefined;
  readonly set: (list: readonly string[]) => void;
}

function ListField({ label, list, set }: ListFieldProps) {
  const [text, setText] = useState(() => (list ?? []).join(', '));
  const change = (next: string): void => {
    setText(next);
    set(toList(next));
  };
  return <TextField label={label} isMono value={text} set={change} />;
}
