/** One policy: its text, tried on cases and on what was recorded before it is saved. */
import { Link, useNavigate } from '@tanstack/react-router';
import { useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { ask } from '../../api/ask.ts';
import { useMay } from '../../api/me.ts';
import type { AnswerOf } from '../../api/operations.ts';
import { toProblem } from '../../api/problem.ts';
import { refresh, useChange, useRead } from '../../api/queries.ts';
import { Badge } from '../../components/badge.tsx';
import { Button } from '../../components/button.tsx';
import { Form } from '../../components/form.tsx';
import { CodeField, type JsonObject, parseJsonObject } from '../../components/json-field.tsx';
import { deleteSoon, notify, notifyProblem } from '../../components/notices.tsx';
import { Loaded, Page } from '../../components/page.tsx';
import { Tabs } from '../../components/tabs.tsx';
import { useUrlParam } from '../../components/url-state.ts';
import { useText } from '../../texts/texts.ts';
import { CasesTab } from './cases-tab.tsx';
import { DraftCheck } from './draft-check.tsx';
import { completePolicy } from './complete-policy.ts';
import { ReplayTab } from './replay-tab.tsx';
import { TemplatesTab } from './templates-tab.tsx';

type Policy = AnswerOf<'GET /api/v1/policies/{name}'>;

export function PolicyPage() {
  const say = useText();
  const name = useUrlParam('name');
  const policy = useRead('GET /api/v1/policies/{name}', { params: { name } });
  const remove = useRemoval(name);
  const mayWrite = useMay('policy:write') && policy.data?.managedBy === null;
  const crumb = (
    <Link to="/policies" className="hover:underline">
      {say('policies.title')}
    </Link>
  );
  return (
    <Page
      name={name}
      crumb={crumb}
      title={name}
      lead={policy.data !== undefined && policy.data.usedBy.length === 0 ? say('policies.unusedHelp') : undefined}
      actions={
        mayWrite && (
          <Button look="danger" icon="trash" onClick={remove}>
            {say('common.delete')}
          </Button>
        )
      }
    >
      <Loaded read={policy}>{(known) => <Parts key={known.version} policy={known} mayWrite={mayWrite} />}</Loaded>
    </Page>
  );
}

function useRemoval(name: string): () => void {
  const say = useText();
  const client = useQueryClient();
  const navigate = useNavigate();
  return () => {
    deleteSoon({
      key: `policies/${name}`,
      text: say('common.deleted', { name }),
      undoText: say('common.undo'),
      commit: () =>
        ask('DELETE /api/v1/policies/{name}', { params: { name } })
          .catch((thrown: unknown) => notifyProblem(toProblem(thrown)))
          .finally(() => refresh(client, 'policies')),
    });
    void navigate({ to: '/policies' } as never);
  };
}

interface PartsProps {
  readonly policy: Policy;
  readonly mayWrite: boolean;
}

function Parts({ policy, mayWrite }: PartsProps) {
  const say = useText();
  const before = JSON.stringify(policy.config, null, 2);
  const [text, setText] = useState(before);
  const mayReplay = useMay('audit:read');
  const draft = useMemo(() => parseJsonObject(text), [text]);
  const drafts = draft === undefined ? {} : { [policy.name]: draft };
  const isChanged = text !== before;
  return (
    <>
      {isChanged && (
        <p role="status" className="flex flex-wrap items-center gap-2">
          <Badge tone="warn">{say('policies.draft')}</Badge> <span className="text-soft">{say('policies.draftHelp')}</span>
        </p>
      )}
      <Tabs
        tabs={[
          { id: 'rules', text: say('policies.rules'), render: () => <RulesTab policy={policy} mayWrite={mayWrite} text={text} setText={setText} draft={draft} isChanged={isChanged} /> },
          { id: 'cases', text: say('policies.cases'), render: () => <CasesTab policy={policy.name} drafts={drafts} /> },
          ...(mayReplay ? [{ id: 'replay', text: say('policies.replay'), render: () => <ReplayTab drafts={drafts} /> }] : []),
          { id: 'templates', text: say('policies.templates'), render: () => <TemplatesTab /> },
        ]}
      />
    </>
  );
}

interface RulesTabProps extends PartsProps {
  readonly text: string;
  readonly setText: (text: string) => void;
  readonly draft: JsonObject | undefined;
  readonly isChanged: boolean;
}

function RulesTab({ policy, mayWrite, text, setText, draft, isChanged }: RulesTabProps) {
  const say = useText();
  const names = useNames();
  const complete = useMemo(() => completePolicy(names), [names]);
  const replace = useChange('PUT /api/v1/policies/{name}', { refused: () => undefined, done: () => notify(say('common.saved')) });
  const save = (): void => {
    if (draft !== undefined) replace.run({ params: { name: policy.name }, body: { config: { ...draft } }, ifVersion: policy.version });
  };
  return (
    <Form problem={replace.problem} submit={save}>
      {policy.managedBy !== null && <p className="text-soft">{say('common.managedBy', { file: policy.managedBy })}</p>}
      <CodeField label={say('policies.rules')} help={say('policies.rulesHelp')} value={text} set={setText} isReadOnly={!mayWrite} complete={complete} />
      <DraftCheck draft={draft} name={policy.name} />
      {mayWrite && (
        <div className="flex gap-2">
          <Button type="submit" look="accent" isBusy={replace.isRunning} disabled={!isChanged || draft === undefined}>
            {say('common.save')}
          </Button>
          <Button disabled={!isChanged} onClick={() => setText(JSON.stringify(policy.config, null, 2))}>
            {say('common.discard')}
          </Button>
        </div>
      )}
    </Form>
  );
}

function useNames(): Readonly<Record<string, readonly string[]>> {
  const servers = useRead('GET /api/v1/servers').data?.items;
  const endpoints = useRead('GET /api/v1/endpoints').data?.items;
  const namespaces = useRead('GET /api/v1/namespaces').data?.items;
  const keys = useRead('GET /api/v1/keys').data?.items;
  const templates = useRead('GET /api/v1/policy-templates').data?.items;
  return useMemo(() => {
    const of = (items: readonly { readonly name: string }[] | undefined): readonly string[] => items?.map(({ name }) => name) ?? [];
    return { servers: of(servers), endpoints: of(endpoints), namespaces: of(namespaces), keys: of(keys), use: of(templates) };
  }, [servers, endpoints, namespaces, keys, templates]);
}
