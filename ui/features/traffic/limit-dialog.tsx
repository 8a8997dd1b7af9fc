/** "Limit this": a limit at the endpoint that the request came through. It holds at once, and its removal too. */
import { useState } from 'react';
import { useChange, useRead } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { Form, SelectField, TextField } from '../../components/form.tsx';
import { notify } from '../../components/notices.tsx';
import { Loaded } from '../../components/page.tsx';
import { useText } from '../../texts/texts.ts';
import type { Call } from './traffic-call.ts';

interface LimitDialogProps {
  readonly id: string | undefined;
  /** The request, where the page has it. */
  readonly known: Call | undefined;
  readonly close: () => void;
}

export function LimitDialog({ id, known, close }: LimitDialogProps) {
  const say = useText();
  const read = useRead('GET /api/v1/traffic/{id}', { params: { id: id ?? 'none' } }, { enabled: id !== undefined && known === undefined });
  const call = known ?? read.data;
  return (
    <Dialog isOpen={id !== undefined} close={close} title={say('traffic.limitThis')} description={say('traffic.limitHelp')}>
      {call === undefined ? <Loaded read={read}>{() => null}</Loaded> : <LimitForm call={call} close={close} />}
    </Dialog>
  );
}

const WHOM = ['key', 'user', 'ip', 'all'] as const;

function LimitForm({ call, close }: { readonly call: Call; readonly close: () => void }) {
  const say = useText();
  const name = call.endpoint ?? '';
  const endpoint = useRead('GET /api/v1/endpoints/{name}', { params: { name } });
  const [whom, setWhom] = useState<(typeof WHOM)[number]>(call.principal?.kind === 'user' ? 'user' : call.key === null ? 'ip' : 'key');
  const [isToolOnly, setToolOnly] = useState(call.server !== null && call.tool !== null && call.method === 'tools/call');
  const [max, setMax] = useState('60');
  const [seconds, setSeconds] = useState('60');
  const change = useChange('PATCH /api/v1/endpoints/{name}', {
    refused: () => undefined,
    done: () => {
      notify(say('traffic.limited', { endpoint: name }));
      close();
    },
  });
  const submit = (): void => {
    if (endpoint.data === undefined) return;
    const before: unknown = endpoint.data.config['limits'];
    const added = { ...(whom === 'all' ? { scope: 'endpoint' } : { scope: 'client', by: whom }), ...(isToolOnly && { match: { server: call.server, tool: `*__${call.tool ?? ''}` } }), max: Number(max), seconds: Number(seconds) };
    change.run({ params: { name }, body: { config: { limits: [...(Array.isArray(before) ? before : []), added] } }, ifVersion: endpoint.data.version });
  };
  return (
    <Form problem={change.problem ?? endpoint.error ?? undefined} submit={submit}>
      {call.server !== null && call.tool !== null && (
        <SelectField label={say('traffic.limitWhat')} value={isToolOnly ? 'tool' : 'all'} set={(value) => setToolOnly(value === 'tool')} options={[{ value: 'tool', label: say('traffic.what.tool', { tool: call.tool, server: call.server }) }, { value: 'all', label: say('traffic.what.all') }]} />
      )}
      <SelectField label={say('traffic.limitWhom')} value={whom} set={(value) => setWhom(WHOM.find((each) => each === value) ?? 'key')} options={WHOM.map((value) => ({ value, label: say(`traffic.whom.${value}`, { endpoint: name }) }))} />
      <div className="grid gap-4 xs:grid-cols-2">
        <TextField label={say('traffic.limitMax')} type="number" min={1} inputMode="numeric" path="max" value={max} set={setMax} />
        <TextField label={say('traffic.limitSeconds')} type="number" min={1} inputMode="numeric" path="seconds" value={seconds} set={setSeconds} />
      </div>
      <p className="text-soft">{say('traffic.limitNote')}</p>
      <div className="flex justify-end gap-2">
        <Button onClick={close}>{say('common.cancel')}</Button>
        <Button type="submit" look="accent" isBusy={change.isRunning} disabled={endpoint.data === undefined}>
          {say('traffic.limitDo')}
        </Button>
      </div>
    </Form>
  );
}
