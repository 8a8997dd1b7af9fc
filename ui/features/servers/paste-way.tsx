/** Any file that names servers, pasted; what it would change is shown before anything does. */
import { useState } from 'react';
import type { AnswerOf } from '../../api/operations.ts';
import { useChange } from '../../api/queries.ts';
import { Badge } from '../../components/badge.tsx';
import { Button } from '../../components/button.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { Form, TextArea } from '../../components/form.tsx';
import { useText } from '../../texts/texts.ts';
import type { Added } from '../../api/create-server.ts';

type Plan = AnswerOf<'POST /api/v1/config/plan'>;

const TONES = { create: 'good', update: 'accent', delete: 'bad' } as const;
const EXAMPLE = `{
  "mcpServers": {
    "everything": {
      "command": "npx",
      "args": ["-y", "@modelcontextprotocol/server-everything"]
    }
  }
}`;

export function PasteWay({ form, added }: { readonly form: string; readonly added: Added }) {
  const say = useText();
  const [text, setText] = useState('');
  const [plan, setPlan] = useState<Plan>();
  const look = useChange('POST /api/v1/config/plan', { done: setPlan, refused: () => undefined });
  const apply = useChange('POST /api/v1/config/apply', { done: ({ items }) => added(items.filter(({ kind }) => kind === 'servers').map(({ name }) => name)), refused: () => undefined });
  const body = { text, name: 'mcp.json', mode: 'import', reason: 'pasted' } as const;
  const edit = (next: string): void => {
    setText(next);
    setPlan(undefined);
  };
  return (
    <Form id={form} problem={apply.problem ?? look.problem} submit={() => (plan === undefined ? look.run({ body }) : apply.run({ body }))}>
      <TextArea label={say('servers.paste.label')} help={say('servers.paste.help')} isMono autoFocus rows={14} value={text} set={edit} placeholder={EXAMPLE} />
      {plan !== undefined && <PlanPreview plan={plan} />}
      {plan !== undefined && plan.items.length > 0 && (
        <div>
          <Button type="submit" look="accent" icon="check" isBusy={apply.isRunning}>
            {say('servers.paste.apply')}
          </Button>
        </div>
      )}
    </Form>
  );
}

function PlanPreview({ plan }: { readonly plan: Plan }) {
  const say = useText();
  return (
    <div className="grid gap-2" role="status">
      <p className="font-medium">{say(plan.items.length === 0 ? 'servers.paste.nothing' : 'servers.paste.plan')}</p>
      <ul className="grid gap-1.5">
        {plan.items.map((item) => (
          <li key={`${item.kind} ${item.name}`} className="flex items-center gap-2">
            <Badge tone={TONES[item.action]}>{say(`plan.${item.action}`)}</Badge>
            <span className="text-soft">{item.kind}</span>
            <ForeignText className="font-medium">{item.name}</ForeignText>
          </li>
        ))}
      </ul>
      {plan.warnings.map((warning) => (
        <p key={warning} className="text-warn">
          <ForeignText>{warning}</ForeignText>
        </p>
      ))}
    </div>
  );
}
