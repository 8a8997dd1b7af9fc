/** One run: its graph, when each call ran, what came out; and what a person has to decide. */
import { useRead } from '../../api/queries.ts';
import { CodeBlock } from '../../components/code.tsx';
import { SidePanel } from '../../components/dialog.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { Facts, Loaded } from '../../components/page.tsx';
import { When } from '../../components/when.tsx';
import { useFormats } from '../../texts/formats.ts';
import { useText } from '../../texts/texts.ts';
import { GraphView } from './graph-view.tsx';
import { toShownSteps } from './run-steps.ts';
import { RunTiming } from './run-timing.tsx';
import { type Run, RunStatus } from './runs-tab.tsx';
import { StepDecision } from './step-decision.tsx';

/** While calls are under way. */
const READ_EVERY_MS = 1_000;

export function RunPanel({ id, close }: { readonly id: string | undefined; readonly close: () => void }) {
  const say = useText();
  return (
    <SidePanel isOpen={id !== undefined} close={close} width="wide" title={say('orchestrator.run.title')} description={<code>{id}</code>}>
      {id !== undefined && <RunView key={id} id={id} />}
    </SidePanel>
  );
}

function RunView({ id }: { readonly id: string }) {
  const run = useRead('GET /api/v1/workflow-runs/{id}', { params: { id } }, { everyMs: READ_EVERY_MS });
  return <Loaded read={run}>{(shown) => <RunParts run={shown} />}</Loaded>;
}

function RunParts({ run }: { readonly run: Run }) {
  const say = useText();
  const formats = useFormats();
  const { steps = [], edges = [] } = run;
  const unknown = run.status === 'waiting' ? steps.filter(({ status }) => status === 'unknown' || status === 'started') : [];
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-5">
      <Facts
        facts={[
          [say('orchestrator.run.workflow'), run.workflow],
          [say('servers.state'), <RunStatus key="status" status={run.status} />],
          [say('orchestrator.run.started'), <When key="started" iso={run.startedAt} />],
          ...(run.endedAt === null ? [] : [[say('orchestrator.run.took'), formats.duration(Date.parse(run.endedAt) - Date.parse(run.startedAt))] as const]),
          [say('orchestrator.event.principal'), <ForeignText key="principal">{run.principal}</ForeignText>],
          ...(run.reason === '' ? [] : [[say('orchestrator.run.reason'), <ForeignText key="reason">{run.reason}</ForeignText>] as const]),
        ]}
      />
      {unknown.map((step) => (
        <StepDecision key={step.key} run={run.id} step={step} />
      ))}
      <GraphView steps={toShownSteps(steps, edges, { duration: formats.duration, status: (status) => say(`orchestrator.stepStatus.${status}`) })} edges={edges} />
      <RunTiming run={run} />
      {run.output !== undefined && (
        <section className="grid gap-2">
          <h3 className="font-semibold">{say('orchestrator.run.output')}</h3>
          <CodeBlock text={JSON.stringify(run.output, null, 2)} label={say('orchestrator.run.output')} />
        </section>
      )}
    </div>
  );
}
