/** What a change does to each object, field by field. */
import type { AnswerOf } from '../../api/operations.ts';
import { Badge } from '../../components/badge.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { useText } from '../../texts/texts.ts';

export type Plan = AnswerOf<'POST /api/v1/config/plan'>;

const TONES = { create: 'good', update: 'accent', delete: 'bad' } as const;

export function PlanView({ plan }: { readonly plan: Plan }) {
  const say = useText();
  return (
    <div className="grid gap-3" role="status">
      {plan.items.length === 0 && <p className="text-soft">{say('configuration.noChanges')}</p>}
      {plan.warnings.map((warning) => (
        <p key={warning} className="rounded-lg bg-warn-wash px-4 py-2.5">
          <ForeignText>{warning}</ForeignText>
        </p>
      ))}
      {plan.items.map((item) => (
        <details key={`${item.kind} ${item.name}`} open={plan.items.length <= 5} className="rounded-lg border border-line">
          <summary className="flex items-center gap-2 px-3 py-2">
            <Badge tone={TONES[item.action]}>{say(`plan.${item.action}`)}</Badge>
            <span className="text-soft">{item.kind}</span>
            <ForeignText className="font-medium">{item.name}</ForeignText>
          </summary>
          {item.changes.length > 0 && (
            <ul className="grid gap-2 border-t border-line px-3 py-2 font-mono text-[0.93em]">
              {item.changes.map((change) => (
                <li key={change.path} className="grid gap-0.5">
                  <ForeignText className="text-soft">{change.path}</ForeignText>
                  <Side sign="−" value={change.before} isSecret={change.isSecret} tone="bg-bad-wash" />
                  <Side sign="+" value={change.after} isSecret={change.isSecret} tone="bg-good-wash" />
                </li>
              ))}
            </ul>
          )}
        </details>
      ))}
    </div>
  );
}

interface SideProps {
  readonly sign: string;
  readonly value: unknown;
  readonly isSecret: boolean;
  readonly tone: string;
}

function Side({ sign, value, isSecret, tone }: SideProps) {
  const say = useText();
  if (value === undefined) return null;
  return (
    <span className={`rounded px-2 py-0.5 ${tone}`}>
      {sign} {isSecret ? say('configuration.secret') : <ForeignText>{typeof value === 'string' ? value : JSON.stringify(value)}</ForeignText>}
    </span>
  );
}
