/** A call of which nobody knows whether it happened: a person looks there and says so. */
import { useMay } from '../../api/me.ts';
import { useChange } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { notify } from '../../components/notices.tsx';
import { useText } from '../../texts/texts.ts';
import type { Call } from './run-steps.ts';

const DECISIONS = ['done', 'failed', 'retry'] as const;

export function StepDecision({ run, step }: { readonly run: string; readonly step: Call }) {
  const say = useText();
  const mayDecide = useMay('server:call');
  const resolve = useChange('POST /api/v1/workflow-runs/{id}/resolve', { done: () => notify(say('orchestrator.decision.told')) });
  return (
    <section className="grid gap-3 rounded-md border border-warn/50 bg-warn-wash px-4 py-3">
      <div>
        <p className="font-semibold text-warn">{say('orchestrator.decision.title', { step: step.key })}</p>
        <p>{say('orchestrator.decision.help')}</p>
        {step.reason !== '' && <ForeignText className="text-soft">{step.reason}</ForeignText>}
      </div>
      {mayDecide && (
        <div className="flex flex-wrap gap-2">
          {DECISIONS.map((decision) => (
            <Button key={decision} isBusy={resolve.isRunning} onClick={() => resolve.run({ params: { id: run }, body: { key: step.key, decision } })}>
              {say(`orchestrator.decision.${decision}`)}
            </Button>
          ))}
        </div>
      )}
    </section>
  );
}
