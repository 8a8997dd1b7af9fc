/** In which mode an endpoint shows its tools, and what definitions and results may cost there. */
import { useState } from 'react';
import { useMay } from '../../api/me.ts';
import type { AnswerOf } from '../../api/operations.ts';
import { useChange } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { Form, TextField } from '../../components/form.tsx';
import { notify } from '../../components/notices.tsx';
import { Section } from '../../components/page.tsx';
import { useText } from '../../texts/texts.ts';

export type Endpoint = AnswerOf<'GET /api/v1/endpoints'>['items'][number];

const MODES = ['full', 'search', 'code', 'auto'] as const;

/** As the configuration writes it: a mode alone, or an object that may name one. */
interface Written {
  readonly mode: (typeof MODES)[number];
  /** Tokens; empty where the default holds. */
  readonly budgetTokens: string;
  readonly resultTokens: string;
}

/** Give it the version as `key`: what was saved elsewhere replaces what is shown. */
export function ModeForm({ endpoint }: { readonly endpoint: Endpoint }) {
  const say = useText();
  const mayWrite = useMay('endpoint:write') && endpoint.managedBy === null;
  const before = readWritten(endpoint.config['discovery']);
  const [written, setWritten] = useState(before);
  const change = useChange('PATCH /api/v1/endpoints/{name}', { refused: () => undefined, done: () => notify(say('common.saved')) });
  const submit = (): void => change.run({ params: { name: endpoint.name }, body: { config: { discovery: toPatch(written, endpoint.config['discovery']) } }, ifVersion: endpoint.version });
  const { mode } = written;
  return (
    <Section title={say('discovery.mode')} lead={say('discovery.modeHelp')}>
      <Form problem={change.problem} submit={submit}>
        <fieldset className="grid gap-3">
          <legend className="sr-only">{say('discovery.mode')}</legend>
          {MODES.map((each) => (
            <div key={each}>
              <label className="flex items-center gap-2.5 font-medium">
                <input type="radio" name="mode" className="size-4 shrink-0 accent-accent" disabled={!mayWrite} checked={mode === each} onChange={() => setWritten({ ...written, mode: each })} />
                {say(`endpoints.mode.${each}`)}
              </label>
              <p className="pl-6 text-soft">{say(`endpoints.modeHelp.${each}`)}</p>
            </div>
          ))}
        </fieldset>
        {mode === 'auto' && (
          <TextField label={say('endpoints.budgetTokens')} help={say('endpoints.budgetTokensHelp')} path="budgetTokens" type="number" min={0} disabled={!mayWrite} value={written.budgetTokens} set={(budgetTokens) => setWritten({ ...written, budgetTokens })} />
        )}
        {(mode === 'auto' || mode === 'search') && (
          <TextField label={say('endpoints.resultTokens')} help={say('endpoints.resultTokensHelp')} path="resultTokens" type="number" min={0} disabled={!mayWrite} value={written.resultTokens} set={(resultTokens) => setWritten({ ...written, resultTokens })} />
        )}
        {mayWrite && (
          <div>
            <Button type="submit" look="accent" isBusy={change.isRunning} disabled={JSON.stringify(written) === JSON.stringify(before)}>
              {say('common.save')}
            </Button>
          </div>
        )}
      </Form>
    </Section>
  );
}

function readWritten(discovery: unknown): Written {
  const held = typeof discovery === 'object' && discovery !== null ? (discovery as Readonly<Record<string, unknown>>) : { mode: discovery ?? 'full' };
  const tokens = (name: string): string => (typeof held[name] === 'number' ? String(held[name]) : '');
  return { mode: MODES.find((mode) => mode === (held['mode'] ?? 'search')) ?? 'full', budgetTokens: tokens('budgetTokens'), resultTokens: tokens('resultTokens') };
}

/** A merge patch (RFC 7396): what is empty goes, what the form does not show stays. */
function toPatch({ mode, budgetTokens, resultTokens }: Written, before: unknown): unknown {
  const isPlain = typeof before !== 'object' || before === null;
  if (isPlain && budgetTokens === '' && resultTokens === '') return mode;
  const tokens = (text: string): number | null => (text === '' ? null : Number(text));
  return { mode, budgetTokens: tokens(budgetTokens), resultTokens: tokens(resultTokens) };
}
