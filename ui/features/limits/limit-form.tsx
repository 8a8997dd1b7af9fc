import { useState } from 'react';
import type { AnswerOf } from '../../api/operations.ts';
import { useChange } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { Form, SelectField, TextField } from '../../components/form.tsx';
import { notify } from '../../components/notices.tsx';
import { useText } from '../../texts/texts.ts';

type Limit = AnswerOf<'GET /api/v1/limits'>['items'][number];

const KINDS = ['rate', 'concurrency', 'budget'] as const;
const SCOPES = ['endpoint', 'client', 'tool', 'server'] as const;
const BYS = ['', 'key', 'user', 'ip'] as const;
const UNITS = ['calls', 'bytes', 'tokens', 'money'] as const;
const PERIODS = ['day', 'month'] as const;

interface LimitFormProps {
  readonly close: () => void;
  /** Undefined: a new one. */
  readonly limit?: Limit;
}

export function LimitForm({ close, limit }: LimitFormProps) {
  const say = useText();
  const [name, setName] = useState(limit?.name ?? '');
  const draft = useDraft(limit?.config ?? {});
  const options = {
    refused: () => undefined,
    done: () => {
      notify(say('common.saved'));
      close();
    },
  };
  const create = useChange('POST /api/v1/limits', options);
  const replace = useChange('PUT /api/v1/limits/{name}', options);
  const submit = (): void => {
    const config = draft.toConfig();
    if (limit === undefined) create.run({ body: { name, config } });
    else replace.run({ params: { name: limit.name }, body: { config }, ifVersion: limit.version });
  };
  const { fields, set } = draft;
  const isBudget = fields.kind === 'budget';
  const scopes = fields.kind === 'concurrency' ? SCOPES.filter((scope) => scope === 'tool' || scope === 'server') : SCOPES;
  return (
    <Dialog isOpen close={close} title={limit === undefined ? say('limits.add') : say('limits.change', { name: limit.name })} description={say('limits.formHelp')}>
      <Form problem={create.problem ?? replace.problem} submit={submit}>
        {limit === undefined && <TextField label={say('common.name')} help={say('common.nameHelp')} path="name" value={name} set={setName} autoFocus />}
        <div className="grid gap-4 xs:grid-cols-2">
          <SelectField label={say('limits.kind')} path="kind" value={fields.kind} set={(kind) => set({ kind, ...(kind === 'concurrency' && { scope: 'tool' }) })} options={KINDS.map((value) => ({ value, label: say(`limits.kinds.${value}`) }))} />
          <SelectField label={say('limits.scope')} path="scope" value={fields.scope} set={(scope) => set({ scope })} options={scopes.map((value) => ({ value, label: say(`limits.scopes.${value}`) }))} />
          <SelectField label={say('limits.by')} path="by" value={fields.by} set={(by) => set({ by })} options={BYS.map((value) => ({ value, label: say(`limits.bys.${value === '' ? 'none' : value}`) }))} />
          <TextField label={say('limits.max')} path="max" type="number" min={0} step="any" value={fields.max} set={(max) => set({ max })} />
          {fields.kind === 'rate' && <TextField label={say('limits.seconds')} path="seconds" type="number" min={1} value={fields.seconds} set={(seconds) => set({ seconds })} />}
          {isBudget && <SelectField label={say('limits.unit')} path="unit" value={fields.unit} set={(unit) => set({ unit })} options={UNITS.map((value) => ({ value, label: say(`limits.units.${value}`) }))} />}
          {isBudget && <SelectField label={say('limits.per')} path="per" value={fields.per} set={(per) => set({ per })} options={PERIODS.map((value) => ({ value, label: say(`limits.periods.${value}`) }))} />}
          <TextField label={say('limits.matchTool')} help={say('limits.matchToolHelp')} path="tool" isMono value={fields.tool} set={(tool) => set({ tool })} />
          <TextField label={say('limits.matchServer')} path="server" isMono value={fields.server} set={(server) => set({ server })} />
        </div>
        <div className="flex justify-end gap-2">
          <Button onClick={close}>{say('common.cancel')}</Button>
          <Button type="submit" look="accent" isBusy={create.isRunning || replace.isRunning}>
            {say('common.save')}
          </Button>
        </div>
      </Form>
    </Dialog>
  );
}

type Fields = Readonly<Record<'kind' | 'scope' | 'by' | 'max' | 'seconds' | 'unit' | 'per' | 'tool' | 'server', string>>;

/** The limit as fields; what has no field here is kept as it is written. */
function useDraft(config: Readonly<Record<string, unknown>>) {
  const [fields, setFields] = useState<Fields>(() => {
    const match = (typeof config['match'] === 'object' && config['match'] !== null ? config['match'] : {}) as Readonly<Record<string, unknown>>;
    const text = (value: unknown, otherwise = ''): string => (value === undefined ? otherwise : String(value));
    return { kind: text(config['kind'], 'rate'), scope: text(config['scope'], 'client'), by: text(config['by']), max: text(config['max'], '60'), seconds: text(config['seconds'], '60'), unit: text(config['unit'], 'calls'), per: text(config['per'], 'day'), tool: text(match['tool']), server: text(match['server']) };
  });
  const { kind: _kind, scope: _scope, by: _by, max: _max, seconds: _seconds, unit: _unit, per: _per, match: _match, ...others } = config;
  const toConfig = (): Record<string, unknown> => {
    const { kind, scope, by, max, seconds, unit, per, tool, server } = fields;
    const match = { ...(tool !== '' && { tool }), ...(server !== '' && { server }) };
    return {
      ...others,
      kind,
      scope,
      max: Number(max),
      ...(by !== '' && { by }),
      ...(kind === 'rate' && { seconds: Number(seconds) }),
      ...(kind === 'budget' && { unit, per }),
      ...(Object.keys(match).length > 0 && { match }),
    };
  };
  return { fields, set: (change: Partial<Fields>) => setFields({ ...fields, ...change }), toConfig };
}
