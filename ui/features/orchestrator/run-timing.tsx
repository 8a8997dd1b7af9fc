/** When each call began and ended, on one scale. */
import { Badge } from '../../components/badge.tsx';
import { classNames } from '../../components/class-names.ts';
import { ForeignText } from '../../components/foreign-text.tsx';
import { useNowMs } from '../../components/now.ts';
import { useFormats } from '../../texts/formats.ts';
import { useText } from '../../texts/texts.ts';
import { type Call, STEP_TONES } from './run-steps.ts';
import type { Run } from './runs-tab.tsx';

const BARS = { plain: 'bg-line-strong', good: 'bg-good', warn: 'bg-warn', bad: 'bg-bad', accent: 'bg-accent' } as const;
/** Of the whole width, so that a short call is seen. */
const BAR_MIN = 0.006;

export function RunTiming({ run }: { readonly run: Run }) {
  const say = useText();
  const nowMs = useNowMs();
  const calls = run.steps ?? [];
  if (calls.length === 0) return <p className="text-soft">{say('orchestrator.run.nothingYet')}</p>;
  const startMs = Date.parse(run.startedAt);
  const endMs = Math.max(startMs + 1, run.endedAt === null ? nowMs : Date.parse(run.endedAt), ...calls.map(({ endedAt }) => (endedAt === null ? 0 : Date.parse(endedAt))));
  return (
    <section className="grid gap-2">
      <h3 className="font-semibold">{say('orchestrator.run.timing')}</h3>
      <div className="scrolls overflow-x-auto rounded-md border border-line">
        <table aria-label={say('orchestrator.run.timing')} className="w-full border-collapse text-left">
          <thead>
            <tr className="border-b border-line text-soft">
              <th className="px-3 py-2 font-medium">{say('orchestrator.run.call')}</th>
              <th className="px-3 py-2 font-medium">{say('servers.state')}</th>
              <th className="w-1/2 px-3 py-2 font-medium max-sm:hidden">
                <span className="sr-only">{say('orchestrator.run.timing')}</span>
              </th>
              <th className="px-3 py-2 text-right font-medium">{say('orchestrator.run.took')}</th>
            </tr>
          </thead>
          <tbody>
            {calls.map((call) => (
              <Row key={call.key} call={call} startMs={startMs} endMs={endMs} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Row({ call, startMs, endMs }: { readonly call: Call; readonly startMs: number; readonly endMs: number }) {
  const say = useText();
  const formats = useFormats();
  const whole = endMs - startMs;
  const from = Math.min(1 - BAR_MIN, Math.max(0, (Date.parse(call.startedAt) - startMs) / whole));
  const part = Math.max(BAR_MIN, Math.min(1 - from, ((call.endedAt === null ? endMs : Date.parse(call.endedAt)) - Date.parse(call.startedAt)) / whole));
  const tone = STEP_TONES[call.status];
  return (
    <tr className="border-b border-line align-top last:border-b-0">
      <td className="px-3 py-2">
        <code>{call.key}</code>
        {call.attempts > 1 && <span className="ml-2 text-soft">{say('orchestrator.run.attempts', { count: call.attempts })}</span>}
        {call.reason !== '' && (
          <ForeignText className="block text-soft" charsMax={2_000}>
            {call.reason}
          </ForeignText>
        )}
      </td>
      <td className="px-3 py-2">
        <Badge tone={tone}>{say(`orchestrator.stepStatus.${call.status}`)}</Badge>
      </td>
      <td className="px-3 py-2 max-sm:hidden">
        <div aria-hidden className="relative my-1.5 h-2 rounded-full bg-sunken">
          <div className={classNames('absolute inset-y-0 rounded-full', BARS[tone])} style={{ left: `${from * 100}%`, width: `${part * 100}%` }} />
        </div>
      </td>
      <td className="px-3 py-2 text-right whitespace-nowrap tabular-nums">{call.durationMs === null ? '–' : formats.duration(call.durationMs)}</td>
    </tr>
  );
}
