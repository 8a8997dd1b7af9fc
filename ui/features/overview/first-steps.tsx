/** Nobody called anything yet: what to do, in order, and what of it is done. */
import { Link } from '@tanstack/react-router';
import { useRead } from '../../api/queries.ts';
import { buttonClass } from '../../components/button.tsx';
import { classNames } from '../../components/class-names.ts';
import { Icon } from '../../components/icon.tsx';
import { Section } from '../../components/page.tsx';
import { useText } from '../../texts/texts.ts';

export function FirstSteps() {
  const say = useText();
  const servers = useRead('GET /api/v1/servers').data?.items ?? [];
  const endpoints = useRead('GET /api/v1/endpoints').data?.items ?? [];
  const endpoint = endpoints[0];
  const steps = [
    { id: 'servers', isDone: servers.some(({ name }) => name !== 'sample'), to: '/servers', search: { add: 'paste' }, text: say('overview.steps.servers'), action: say('overview.steps.serversAction') },
    { id: 'endpoint', isDone: endpoint !== undefined, to: '/endpoints', search: { add: 'open' }, text: say('overview.steps.endpoint'), action: say('overview.steps.endpointAction') },
    { id: 'client', isDone: false, to: endpoint === undefined ? '/endpoints' : `/endpoints/${encodeURIComponent(endpoint.name)}`, search: {}, text: say('overview.steps.client'), action: say('overview.steps.clientAction') },
  ];
  return (
    <Section title={say('overview.steps.title')}>
      <ol className="grid gap-3">
        {steps.map((step, index) => (
          <li key={step.id} className="flex flex-wrap items-center gap-3">
            <span className={classNames('grid size-7 shrink-0 place-items-center rounded-full font-medium', step.isDone ? 'bg-good-wash text-good' : 'bg-sunken text-soft')}>{step.isDone ? <Icon name="check" /> : index + 1}</span>
            <span className={classNames('min-w-0 flex-1', step.isDone && 'text-soft')}>{step.text}</span>
            {!step.isDone && (
              <Link to={step.to} search={step.search as never} className={buttonClass({ size: 'small' })}>
                {step.action}
              </Link>
            )}
          </li>
        ))}
      </ol>
    </Section>
  );
}
