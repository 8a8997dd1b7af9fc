/** Chains of middleware: the order of a namespace, by hand or by keyboard, and a chain tried on a sample call. */
import { useState } from 'react';
import { useMay } from '../../api/me.ts';
import type { AnswerOf } from '../../api/operations.ts';
import { useChange, useRead } from '../../api/queries.ts';
import { Badge } from '../../components/badge.tsx';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { Form, SelectField } from '../../components/form.tsx';
import { notify } from '../../components/notices.tsx';
import { Loaded, Page, Section } from '../../components/page.tsx';
import { useUrlState } from '../../components/url-state.ts';
import { useText } from '../../texts/texts.ts';
import { Chain } from './chain.tsx';
import { readSteps, type Step } from './step.ts';
import { TryChain } from './try-chain.tsx';

type Namespace = AnswerOf<'GET /api/v1/namespaces'>['items'][number];

export function MiddlewarePage() {
  const say = useText();
  const namespaces = useRead('GET /api/v1/namespaces');
  const [chosen, choose] = useUrlState('namespace');
  return (
    <Page title={say('middleware.title')} lead={say('middleware.lead')}>
      <Loaded read={namespaces}>
        {({ items }) => {
          const namespace = items.find(({ name }) => name === chosen) ?? items[0];
          if (namespace === undefined) {
            return (
              <div className="panel">
                <EmptyState icon="flow" title={say('middleware.noNamespace')}>
                  {say('middleware.noNamespaceHelp')}
                </EmptyState>
              </div>
            );
          }
          return (
            <>
              <div className="max-w-sm">
                <SelectField label={say('middleware.namespace')} value={namespace.name} set={choose} options={items.map(({ name }) => ({ value: name, label: name }))} />
              </div>
              <Parts key={`${namespace.name} ${namespace.version}`} namespace={namespace} />
            </>
          );
        }}
      </Loaded>
    </Page>
  );
}

function Parts({ namespace }: { readonly namespace: Namespace }) {
  const say = useText();
  const before = readSteps(namespace.config['middleware']);
  const [steps, setSteps] = useState<readonly Step[]>(before);
  const mayWrite = useMay('namespace:write') && namespace.managedBy === null;
  const isChanged = JSON.stringify(steps) !== JSON.stringify(before);
  const change = useChange('PATCH /api/v1/namespaces/{name}', { refused: () => undefined, done: () => notify(say('common.saved')) });
  const submit = (): void => change.run({ params: { name: namespace.name }, body: { config: { middleware: steps.map(({ id: _, ...step }) => step) } }, ifVersion: namespace.version });
  return (
    <div className="grid items-start gap-4 xl:grid-cols-2">
      <Section title={say('middleware.chain')} lead={say('middleware.chainHelp')} actions={isChanged && <Badge tone="warn">{say('middleware.unsaved')}</Badge>}>
        <Form problem={change.problem} submit={submit}>
          {namespace.managedBy !== null && <p className="text-soft">{say('common.managedBy', { file: namespace.managedBy })}</p>}
          <Chain steps={steps} set={setSteps} mayWrite={mayWrite} />
          {mayWrite && (
            <div className="flex gap-2">
              <Button type="submit" look="accent" isBusy={change.isRunning} disabled={!isChanged}>
                {say('common.save')}
              </Button>
              <Button disabled={!isChanged} onClick={() => setSteps(before)}>
                {say('common.discard')}
              </Button>
            </div>
          )}
        </Form>
      </Section>
      <TryChain steps={steps} />
    </div>
  );
}
