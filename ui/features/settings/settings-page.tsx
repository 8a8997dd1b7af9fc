/** Settings that change while the gateway runs, and what its start decided. */
import { useState } from 'react';
import { useMay } from '../../api/me.ts';
import type { AnswerOf } from '../../api/operations.ts';
import { useChange, useRead } from '../../api/queries.ts';
import { Badge } from '../../components/badge.tsx';
import { Button } from '../../components/button.tsx';
import { DataTable } from '../../components/data-table.tsx';
import { Form, SelectField, SwitchField, TextArea, TextField } from '../../components/form.tsx';
import { notify } from '../../components/notices.tsx';
import { Loaded, Page, Section } from '../../components/page.tsx';
import { Tabs } from '../../components/tabs.tsx';
import { useText } from '../../texts/texts.ts';

type Answer = AnswerOf<'GET /api/v1/settings'>;
type Settings = Answer['settings'];
type Name = keyof Settings;

const SECTIONS = {
  access: ['passwordSignIn', 'formSignUp', 'ssoSignUp'],
  clients: ['oauthRegistration', 'oauthClientsMax', 'oauthRegistrationsPerHour'],
  network: ['egressAllow'],
  keeping: ['logLevel', 'auditRetentionDays', 'trafficRetentionDays'],
} as const satisfies Readonly<Record<string, readonly Name[]>>;
const LEVELS = ['all', 'info', 'errors-only', 'none'];

export function SettingsPage() {
  const say = useText();
  const settings = useRead('GET /api/v1/settings');
  return (
    <Page title={say('settings.title')} lead={say('settings.lead')}>
      <Loaded read={settings}>
        {(answer) => (
          <Tabs
            tabs={[
              { id: 'live', text: say('settings.live'), render: () => <Live key={answer.version} answer={answer} /> },
              { id: 'start', text: say('settings.start'), render: () => <Start answer={answer} /> },
            ]}
          />
        )}
      </Loaded>
    </Page>
  );
}

function Live({ answer }: { readonly answer: Answer }) {
  const say = useText();
  const mayWrite = useMay('settings:write');
  const [changes, setChanges] = useState<Readonly<Record<string, unknown>>>({});
  const change = useChange('PATCH /api/v1/settings', { refused: () => undefined, done: () => notify(say('common.saved')) });
  const isChanged = Object.keys(changes).length > 0;
  const submit = (): void => change.run({ body: { settings: Object.fromEntries(Object.entries(changes).map(([name, value]) => [name, withoutEmptyLines(value)])) }, ifVersion: answer.version });
  return (
    <Form problem={change.problem} submit={submit}>
      <div className="grid items-start gap-4 lg:grid-cols-2">
        {(Object.keys(SECTIONS) as (keyof typeof SECTIONS)[]).map((section) => (
          <Section key={section} title={say(`settings.sections.${section}`)}>
            <div className="grid gap-5">
              {SECTIONS[section].map((name) => (
                <Setting key={name} name={name} answer={answer} isFixed={!mayWrite || answer.locked.includes(name)} value={name in changes ? changes[name] : answer.settings[name]} set={(value) => setChanges({ ...changes, [name]: value })} />
              ))}
            </div>
          </Section>
        ))}
      </div>
      {mayWrite && (
        <div className="flex gap-2">
          <Button type="submit" look="accent" isBusy={change.isRunning} disabled={!isChanged}>
            {say('common.save')}
          </Button>
          <Button disabled={!isChanged} onClick={() => setChanges({})}>
            {say('common.discard')}
          </Button>
        </div>
      )}
    </Form>
  );
}

/** A list is typed a line each; a line that is still empty is none. */
function withoutEmptyLines(value: unknown): unknown {
  return Array.isArray(value) ? (value as unknown[]).filter((line) => typeof line !== 'string' || line.trim() !== '') : value;
}

interface SettingProps {
  readonly name: Name;
  readonly answer: Answer;
  readonly isFixed: boolean;
  readonly value: unknown;
  readonly set: (value: unknown) => void;
}

function Setting({ name, answer, isFixed, value, set }: SettingProps) {
  const say = useText();
  const label = say(`settings.names.${name}`);
  const isLocked = answer.locked.includes(name);
  const origin = answer.origins[name] ?? 'default';
  const help = (
    <>
      {say(`settings.help.${name}`)} {isLocked && <Badge>{say('settings.locked', { origin })}</Badge>}
      {!isLocked && !isFixed && origin !== 'default' && (
        <button type="button" className="text-accent underline" onClick={() => set(null)}>
          {say('settings.reset')}
        </button>
      )}
    </>
  );
  const shown = answer.settings[name];
  if (typeof shown === 'boolean') return <SwitchField label={label} help={help} isOn={value === true} set={set} disabled={isFixed} />;
  if (name === 'logLevel') return <SelectField label={label} help={help} path={`settings.${name}`} value={String(value ?? '')} set={set} disabled={isFixed} options={LEVELS.map((level) => ({ value: level, label: level }))} />;
  if (typeof shown === 'number') return <TextField label={label} help={help} path={`settings.${name}`} type="number" min={0} disabled={isFixed} value={value === null ? '' : String(value)} set={(text) => set(text === '' ? null : Number(text))} />;
  if (Array.isArray(shown)) return <TextArea label={label} help={help} path={`settings.${name}`} isMono disabled={isFixed} value={Array.isArray(value) ? value.join('\n') : ''} set={(text) => set(text.split('\n'))} rows={4} />;
  return <TextField label={label} help={help} path={`settings.${name}`} disabled={isFixed} value={value === null || value === undefined ? '' : String(value)} set={set} />;
}

function Start({ answer }: { readonly answer: Answer }) {
  const say = useText();
  return (
    <div className="grid gap-3">
      <p className="text-soft">{say('settings.startHelp')}</p>
      <DataTable
        label={say('settings.start')}
        rows={answer.process}
        rowKey={({ name }) => name}
        columns={[
          { id: 'name', text: say('common.name'), value: ({ name }) => name, cell: ({ name }) => <code>{name}</code> },
          { id: 'value', text: say('settings.value'), value: ({ value }) => value, cell: ({ value }) => <code className="wrap-anywhere">{value ?? '–'}</code> },
          { id: 'source', text: say('settings.source'), value: ({ source }) => source, from: 'sm' },
        ]}
      />
    </div>
  );
}
