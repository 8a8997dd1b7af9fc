/** Asks where a call of a group would go, and shows why. */
import { useState } from 'react';
import type { AnswerOf } from '../../api/operations.ts';
import type { ApiProblem } from '../../api/problem.ts';
import { useChange } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { Form, SelectField, TextArea, TextField } from '../../components/form.tsx';
import { pageProblem, parseJsonObject } from '../../components/json-field.tsx';
import { JsonView } from '../../components/json-view.tsx';
import { Facts, Section } from '../../components/page.tsx';
import { useText } from '../../texts/texts.ts';

type Route = AnswerOf<'POST /api/v1/endpoints/{name}/route'>;

const REFUSALS = ['not_allowed', 'arguments', 'rule', 'unavailable'] as const;

export function RouteForm({ endpoint, groups }: { readonly endpoint: string; readonly groups: readonly string[] }) {
  const say = useText();
  const [group, setGroup] = useState(groups[0] ?? '');
  const [agent, setAgent] = useState('');
  const [stage, setStage] = useState('');
  const [text, setText] = useState('{}');
  const [wrong, setWrong] = useState<ApiProblem>();
  const [route, setRoute] = useState<Route>();
  const explain = useChange('POST /api/v1/endpoints/{name}/route', { done: setRoute, refused: () => setRoute(undefined) });
  const submit = (): void => {
    const args = parseJsonObject(text);
    setWrong(args === undefined ? pageProblem(say('common.notJsonObject')) : undefined);
    if (args !== undefined) explain.run({ params: { name: endpoint }, body: { group, arguments: { ...args }, ...(agent !== '' && { agent }), ...(stage !== '' && { stage }) } });
  };
  return (
    <Section title={say('discovery.route')} lead={say('discovery.routeHelp')}>
      <Form problem={wrong ?? explain.problem} submit={submit}>
        <SelectField label={say('discovery.group')} path="group" value={group} set={setGroup} options={groups.map((value) => ({ value, label: value }))} disabled={groups.length === 0} />
        <div className="grid gap-3 sm:grid-cols-2">
          <TextField label={say('groups.agent')} path="agent" value={agent} set={setAgent} />
          <TextField label={say('groups.stage')} path="stage" value={stage} set={setStage} />
        </div>
        <TextArea label={say('discovery.arguments')} isMono value={text} set={setText} rows={4} />
        <div>
          <Button type="submit" look="accent" isBusy={explain.isRunning} disabled={group === ''}>
            {say('discovery.routeNow')}
          </Button>
        </div>
      </Form>
      {route !== undefined && <Explained route={route} />}
    </Section>
  );
}

function Explained({ route }: { readonly route: Route }) {
  const say = useText();
  const refusal = (why: string): string => {
    const known = REFUSALS.find((each) => each === why);
    return known === undefined ? why : say(`groups.refused.${known}`);
  };
  return (
    <div role="status" aria-label={say('groups.explained')} className="mt-4 grid gap-3">
      <Facts
        facts={[
          [say('discovery.member'), <span key="member" className="font-semibold">{route.member ?? say('discovery.nobody')}</span>],
          [say('discovery.reason'), route.reason ?? '–'],
          [say('discovery.rule'), route.rule ?? '–'],
          [say('discovery.order'), route.order.join(' → ')],
          ...Object.entries(route.refused).map(([name, why]) => [name, refusal(why)] as const),
        ]}
      />
      {route.arguments !== null && <JsonView label={say('groups.sent')} value={route.arguments} />}
    </div>
  );
}
