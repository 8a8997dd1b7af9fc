/** Why one call would be decided as it would be: every rule, and what of it did not fit. */
import { useState } from 'react';
import type { AnswerOf } from '../../api/operations.ts';
import type { ApiProblem } from '../../api/problem.ts';
import { useChange, useRead } from '../../api/queries.ts';
import { Badge } from '../../components/badge.tsx';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { Form, SelectField, TextArea, TextField } from '../../components/form.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { pageProblem, parseJsonObject } from '../../components/json-field.tsx';
import { Facts, Section } from '../../components/page.tsx';
import { useUrlValues } from '../../components/url-state.ts';
import { useText } from '../../texts/texts.ts';
import { EffectBadge } from './effect-badge.tsx';

type Explanation = AnswerOf<'POST /api/v1/policies/explain'>;
const TONES = { matched: 'accent', not_matched: 'plain', failed: 'bad' } as const;

export function ExplainTab() {
  const say = useText();
  const values = useUrlValues();
  const endpoints = useRead('GET /api/v1/endpoints').data?.items ?? [];
  const keys = useRead('GET /api/v1/keys').data?.items ?? [];
  const [endpoint, setEndpoint] = useState(values['endpoint'] ?? '');
  const [name, setName] = useState(values['name'] ?? '');
  const [key, setKey] = useState('');
  const [text, setText] = useState('{}');
  const [wrong, setWrong] = useState<ApiProblem>();
  const [found, setFound] = useState<Explanation>();
  const explain = useChange('POST /api/v1/policies/explain', { done: setFound, refused: () => setFound(undefined) });
  const chosen = endpoint === '' ? (endpoints[0]?.name ?? '') : endpoint;
  const submit = (): void => {
    const args = parseJsonObject(text);
    setWrong(args === undefined ? pageProblem(say('common.notJsonObject')) : undefined);
    if (args !== undefined) explain.run({ body: { endpoint: chosen, name, ...(key !== '' && { key }), arguments: { ...args } } });
  };
  return (
    <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,24rem)_minmax(0,1fr)]">
      <Section title={say('policies.explain')} lead={say('policies.explainHelp')}>
        <Form problem={wrong ?? explain.problem} submit={submit}>
          <SelectField label={say('policies.endpoint')} path="endpoint" value={chosen} set={setEndpoint} options={endpoints.map((each) => ({ value: each.name, label: each.name }))} />
          <TextField label={say('policies.tool')} help={say('policies.toolHelp')} path="name" isMono value={name} set={setName} />
          <SelectField label={say('policies.who')} path="key" value={key} set={setKey} options={[{ value: '', label: say('policies.anybody') }, ...keys.map((each) => ({ value: each.name, label: each.name }))]} />
          <TextArea label={say('policies.arguments')} path="arguments" isMono value={text} set={setText} rows={4} />
          <div>
            <Button type="submit" look="accent" isBusy={explain.isRunning} disabled={name.trim() === ''}>
              {say('policies.explainNow')}
            </Button>
          </div>
        </Form>
      </Section>
      {found === undefined ? (
        <div className="panel">
          <EmptyState icon="help" title={say('policies.explainEmpty')} />
        </div>
      ) : (
        <Answer found={found} />
      )}
    </div>
  );
}

function Answer({ found }: { readonly found: Explanation }) {
  const say = useText();
  return (
    <Section title={say('policies.decision')} actions={<EffectBadge effect={found.effect} />}>
      <div role="status">
        <Facts
          facts={[
            [say('policies.rule'), <code key="rule">{found.rule}</code>],
            [say('policies.reason'), <ForeignText key="reason">{found.reason ?? '–'}</ForeignText>],
            [say('policies.risk'), found.risk],
            [say('policies.hidden'), say(found.isHidden ? 'policies.hiddenYes' : 'policies.hiddenNo')],
            ...(found.shadow === null ? [] : [[say('policies.shadow'), <span key="shadow"><EffectBadge effect={found.shadow.effect} /> <code>{found.shadow.rule}</code></span>] as const]),
            ...(found.engine === null ? [] : [[say('policies.engine'), <span key="engine"><EffectBadge effect={found.engine.effect} /> <code>{found.engine.rule}</code></span>] as const]),
          ]}
        />
      </div>
      <ol className="mt-4 grid gap-2" aria-label={say('policies.rules')}>
        {found.rules.map((rule) => (
          <li key={rule.rule} className="flex flex-wrap items-center gap-2 border-t border-line pt-2">
            <Badge tone={TONES[rule.outcome]}>{say(`policies.ruleOutcomes.${rule.outcome}`)}</Badge>
            <code>{rule.rule}</code>
            <EffectBadge effect={rule.effect} />
            {rule.isShadow && <Badge>{say('policies.modes.shadow')}</Badge>}
            {rule.because !== null && <ForeignText className="text-soft">{rule.because}</ForeignText>}
          </li>
        ))}
      </ol>
    </Section>
  );
}
