/** One capability group: its members, what decides among them, and the rules that decide first. */
import { useState } from 'react';
import type { AnswerOf } from '../../api/operations.ts';
import { useChange, useRead } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { SidePanel } from '../../components/dialog.tsx';
import { Form, SelectField, TextArea, TextField } from '../../components/form.tsx';
import { notify } from '../../components/notices.tsx';
import { useText } from '../../texts/texts.ts';
import { CHOICES, compact, type Group, type GroupRule } from './group-data.ts';
import { MemberRow } from './member-row.tsx';
import { RuleRow } from './rule-row.tsx';

const FORM = 'group';

interface GroupPanelProps {
  readonly namespace: AnswerOf<'GET /api/v1/namespaces/{name}'>;
  /** Empty: a new one. */
  readonly name: string;
  readonly group: Group;
  /** Of the other groups, which rules may lead to. */
  readonly others: readonly string[];
  readonly close: () => void;
}

export function GroupPanel({ namespace, name: before, group, others, close }: GroupPanelProps) {
  const say = useText();
  const [name, setName] = useState(before);
  const [draft, setDraft] = useState(group);
  // As it was when this was opened: whoever changes the namespace meanwhile is not overwritten.
  const [version] = useState(namespace.version);
  const catalog = useRead('GET /api/v1/namespaces/{name}/catalog', { params: { name: namespace.name } });
  const tools = (catalog.data?.items ?? []).filter(({ kind }) => kind === 'tool').map(({ key }) => key);
  const done = (): void => {
    notify(say('common.saved'));
    close();
  };
  const change = useChange('PATCH /api/v1/namespaces/{name}', { done, refused: () => undefined });
  const { members, rules } = draft;
  const left = tools.filter((tool) => !members.some((member) => member.tool === tool));
  const submit = (): void => {
    const written = { ...draft, members: members.map(compact), rules: rules.map(compact) };
    change.run({ params: { name: namespace.name }, body: { config: { groups: { [name]: written } } }, ifVersion: version });
  };
  const setRule = (at: number, rule: GroupRule | undefined): void => setDraft({ ...draft, rules: rule === undefined ? rules.toSpliced(at, 1) : rules.with(at, rule) });
  const footer = (
    <>
      <Button onClick={close}>{say('common.cancel')}</Button>
      <Button look="accent" type="submit" form={FORM} isBusy={change.isRunning} disabled={name === '' || members.length === 0}>
        {say('common.save')}
      </Button>
    </>
  );
  return (
    <SidePanel isOpen close={close} width="wide" title={before === '' ? say('groups.add') : before} description={say('groups.help')} footer={footer}>
      <Form id={FORM} problem={change.problem} submit={submit}>
        {before === '' && <TextField label={say('common.name')} help={say('groups.nameHelp')} autoFocus required isMono value={name} set={setName} />}
        <TextArea label={say('common.description')} help={say('groups.descriptionHelp')} path="description" rows={2} value={draft.description} set={(description) => setDraft({ ...draft, description })} />
        <SelectField label={say('groups.choose')} help={say(`groups.chooseHelp.${draft.choose}`)} path="choose" value={draft.choose} set={(value) => setDraft({ ...draft, choose: CHOICES.find((each) => each === value) ?? 'priority' })} options={CHOICES.map((value) => ({ value, label: say(`groups.choices.${value}`) }))} />
        <fieldset className="grid gap-3">
          <legend className="mb-2 font-semibold">{say('groups.members')}</legend>
          {members.map((member, at) => (
            <MemberRow key={member.tool} member={member} set={(next) => setDraft({ ...draft, members: members.with(at, next) })} remove={() => setDraft({ ...draft, members: members.toSpliced(at, 1) })} />
          ))}
          <AddMember tools={left} add={(tool) => setDraft({ ...draft, members: [...members, { tool, priority: members.length }] })} />
        </fieldset>
        <fieldset className="grid gap-3">
          <legend className="mb-2 font-semibold">{say('groups.rules')}</legend>
          <p className="text-soft">{say('groups.rulesHelp')}</p>
          {rules.map((rule, at) => (
            <RuleRow key={at} rule={rule} targets={[...members.map(({ tool }) => tool), ...others]} set={(next) => setRule(at, next)} remove={() => setRule(at, undefined)} />
          ))}
          <div>
            <Button size="small" icon="plus" disabled={members.length === 0} onClick={() => setDraft({ ...draft, rules: [...rules, { use: members[0]?.tool ?? '' }] })}>
              {say('groups.addRule')}
            </Button>
          </div>
        </fieldset>
      </Form>
    </SidePanel>
  );
}

function AddMember({ tools, add }: { readonly tools: readonly string[]; readonly add: (tool: string) => void }) {
  const say = useText();
  const [chosen, choose] = useState('');
  const tool = tools.includes(chosen) ? chosen : tools[0];
  if (tool === undefined) return null;
  return (
    <div className="flex max-w-xl items-end gap-2">
      <div className="min-w-0 flex-1">
        <SelectField label={say('groups.tool')} value={tool} set={choose} options={tools.map((value) => ({ value, label: value }))} />
      </div>
      <Button icon="plus" onClick={() => add(tool)}>
        {say('groups.addMember')}
      </Button>
    </div>
  );
}
