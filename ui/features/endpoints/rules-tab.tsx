/** Which namespace an endpoint offers, whom it lets in, how much of it, and how its tools are shown. */
import { useState } from 'react';
import { useChange, useRead } from '../../api/queries.ts';
import { Button, IconButton } from '../../components/button.tsx';
import { Form, SelectField, SwitchField, TextField } from '../../components/form.tsx';
import { notify } from '../../components/notices.tsx';
import { Section } from '../../components/page.tsx';
import { useText } from '../../texts/texts.ts';
import type { Endpoint } from './endpoints-page.tsx';

const MODES = ['full', 'search', 'code', 'auto'] as const;
const SCOPES = ['endpoint', 'client'] as const;
const BYS = ['key', 'user', 'ip'] as const;

interface Limit {
  readonly scope: string;
  readonly by?: string;
  readonly max: number;
  readonly seconds: number;
}

interface RulesTabProps {
  readonly endpoint: Endpoint;
  readonly mayWrite: boolean;
}

export function RulesTab({ endpoint, mayWrite }: RulesTabProps) {
  const say = useText();
  const { auth, config } = endpoint;
  const [namespace, setNamespace] = useState(endpoint.namespace);
  const [hasKey, setKey] = useState(auth.apiKey);
  const [hasOAuth, setOAuth] = useState(auth.oauth !== false);
  const [inQuery, setQuery] = useState(auth.query);
  const [limits, setLimits] = useState<readonly Limit[]>(() => readLimits(config['limits']));
  const [mode, setMode] = useState(() => modeOf(config['discovery']));
  const [resultTokens, setResultTokens] = useState(() => resultTokensOf(config['discovery']));
  const namespaces = useRead('GET /api/v1/namespaces').data?.items ?? [{ name: endpoint.namespace }];
  const change = useChange('PATCH /api/v1/endpoints/{name}', { done: () => notify(say('common.saved')), refused: () => undefined });
  const submit = (): void => {
    // A sign-in with rules of its own stays as it is written while it stays on.
    const oauth = hasOAuth ? (auth.oauth === false ? true : auth.oauth) : false;
    const discovery = discoveryPatch(config['discovery'], { mode, resultTokens });
    change.run({ params: { name: endpoint.name }, body: { config: { namespace, auth: { apiKey: hasKey, oauth, query: inQuery }, limits, ...discovery } }, ifVersion: endpoint.version });
  };
  const isFixed = !mayWrite;
  return (
    <Form problem={change.problem} submit={submit} className="grid gap-4">
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <Section title={say('endpoints.offers')}>
          <div className="grid gap-4">
            <SelectField label={say('endpoints.namespace')} help={say('endpoints.namespaceHelp')} path="namespace" value={namespace} set={setNamespace} disabled={isFixed} options={namespaces.map(({ name }) => ({ value: name, label: name }))} />
            <SelectField label={say('endpoints.discovery')} help={say(`endpoints.modeHelp.${mode}`)} path="discovery" value={mode} set={(value) => setMode(modeOf(value))} disabled={isFixed} options={MODES.map((value) => ({ value, label: say(`endpoints.mode.${value}`) }))} />
            {(mode === 'search' || mode === 'auto') && <TextField label={say('endpoints.resultTokens')} help={say('endpoints.resultTokensHelp')} path="resultTokens" type="number" min={0} value={resultTokens} set={setResultTokens} disabled={isFixed} />}
          </div>
        </Section>
        <Section title={say('endpoints.auth')}>
          <div className="grid gap-4">
            <SwitchField label={say('endpoints.key')} help={say('endpoints.keyHelp')} isOn={hasKey} set={setKey} disabled={isFixed} />
            <SwitchField label={say('endpoints.oauth')} help={say('endpoints.oauthHelp')} isOn={hasOAuth} set={setOAuth} disabled={isFixed} />
            <SwitchField label={say('endpoints.query')} help={say('endpoints.queryHelp')} isOn={inQuery} set={setQuery} disabled={isFixed} />
            {!hasKey && !hasOAuth && auth.jwt === undefined && <p className="rounded-lg bg-warn-wash px-4 py-2.5 text-warn">{say('endpoints.openHelp')}</p>}
          </div>
        </Section>
      </div>
      <Section
        title={say('endpoints.limits')}
        lead={say('endpoints.limitsHelp')}
        actions={
          mayWrite && (
            <Button size="small" icon="plus" onClick={() => setLimits([...limits, { scope: 'client', by: 'key', max: 60, seconds: 60 }])}>
              {say('endpoints.addLimit')}
            </Button>
          )
        }
      >
        {limits.length === 0 && <p className="text-soft">{say('endpoints.noLimits')}</p>}
        <div className="grid gap-3">
          {limits.map((limit, index) => (
            <LimitRow key={index} limit={limit} isFixed={isFixed} set={(next) => setLimits(limits.with(index, next))} remove={() => setLimits(limits.toSpliced(index, 1))} />
          ))}
        </div>
      </Section>
      {mayWrite && (
        <div>
          <Button type="submit" look="accent" isBusy={change.isRunning}>
            {say('common.save')}
          </Button>
        </div>
      )}
    </Form>
  );
}

interface LimitRowProps {
  readonly limit: Limit;
  readonly isFixed: boolean;
  readonly set: (limit: Limit) => void;
  readonly remove: () => void;
}

function LimitRow({ limit, isFixed, set, remove }: LimitRowProps) {
  const say = useText();
  return (
    <div className="grid items-end gap-3 rounded-md border border-line p-3 sm:grid-cols-[1fr_1fr_7rem_7rem_auto]">
      <SelectField label={say('endpoints.limit.scope')} value={limit.scope} set={(scope) => set(scope === 'endpoint' ? { scope, max: limit.max, seconds: limit.seconds } : { ...limit, scope, by: 'key' })} disabled={isFixed} options={SCOPES.map((value) => ({ value, label: say(`endpoints.limit.scopes.${value}`) }))} />
      <SelectField label={say('endpoints.limit.by')} value={limit.by ?? 'key'} set={(by) => set({ ...limit, by })} disabled={isFixed || limit.scope === 'endpoint'} options={BYS.map((value) => ({ value, label: say(`endpoints.limit.bys.${value}`) }))} />
      <TextField label={say('endpoints.limit.max')} type="number" min={1} disabled={isFixed} value={String(limit.max)} set={(max) => set({ ...limit, max: Number(max) })} />
      <TextField label={say('endpoints.limit.seconds')} type="number" min={1} disabled={isFixed} value={String(limit.seconds)} set={(seconds) => set({ ...limit, seconds: Number(seconds) })} />
      {!isFixed && <IconButton icon="trash" label={say('common.delete')} onClick={remove} />}
    </div>
  );
}

/** As they are written, whatever else a limit says is kept. */
function readLimits(value: unknown): readonly Limit[] {
  return Array.isArray(value) ? (value as readonly Limit[]) : [];
}

/** A mode alone, or an object that names one; one that names none searches. */
function modeOf(value: unknown): (typeof MODES)[number] {
  const name = isObject(value) ? (value['mode'] ?? 'search') : value;
  return MODES.find((mode) => mode === name) ?? 'full';
}

/** Empty where the default holds. */
function resultTokensOf(value: unknown): string {
  return isObject(value) && typeof value['resultTokens'] === 'number' ? String(value['resultTokens']) : '';
}

/** What changes of it as a merge patch (RFC 7396): what the form does not show stays. */
function discoveryPatch(before: unknown, { mode, resultTokens }: { readonly mode: string; readonly resultTokens: string }): { readonly discovery?: unknown } {
  const isSameBudget = resultTokens === resultTokensOf(before);
  if (mode === modeOf(before) && isSameBudget) return {};
  if (!isObject(before) && isSameBudget) return { discovery: mode };
  return { discovery: { mode, ...(!isSameBudget && { resultTokens: resultTokens === '' ? null : Number(resultTokens) }) } };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
