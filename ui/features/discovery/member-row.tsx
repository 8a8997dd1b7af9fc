/** One tool of a capability group. */
import { useState } from 'react';
import { IconButton } from '../../components/button.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { SwitchField, TextField } from '../../components/form.tsx';
import { useText } from '../../texts/texts.ts';
import { argumentsText, type GroupMember, readArguments } from './group-data.ts';

interface MemberRowProps {
  readonly member: GroupMember;
  readonly set: (member: GroupMember) => void;
  readonly remove: () => void;
}

export function MemberRow({ member, set, remove }: MemberRowProps) {
  const say = useText();
  const [names, setNames] = useState(() => argumentsText(member.arguments));
  const number = (field: 'priority' | 'cost' | 'weight', standard: number) => ({
    label: say(`groups.${field}`),
    type: 'number',
    value: String(member[field] ?? standard),
    set: (text: string) => set({ ...member, [field]: text === '' ? standard : Number(text) }),
  });
  return (
    <div role="group" aria-label={member.tool} className="grid gap-3 rounded-md border border-line p-3">
      <div className="flex items-center justify-between gap-2">
        <ForeignText className="font-mono font-medium">{member.tool}</ForeignText>
        <IconButton icon="trash" size="small" label={say('groups.removeMember', { name: member.tool })} onClick={remove} />
      </div>
      <div className="grid gap-3 sm:grid-cols-3">
        <TextField {...number('priority', 0)} />
        <TextField {...number('cost', 0)} min={0} step="any" />
        <TextField {...number('weight', 1)} min={0} step="any" />
      </div>
      <TextField
        label={say('groups.arguments')}
        help={say('groups.argumentsHelp')}
        isMono
        value={names}
        set={(text) => {
          setNames(text);
          set({ ...member, arguments: readArguments(text) });
        }}
      />
      <SwitchField label={say('groups.idempotent')} help={say('groups.idempotentHelp')} isOn={member.idempotent === true} set={(idempotent) => set({ ...member, idempotent })} />
    </div>
  );
}
