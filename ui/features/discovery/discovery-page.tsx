/** How the tools of an endpoint are found: what its list costs, what a search finds, where calls of groups go. */
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useMay } from '../../api/me.ts';
import type { AnswerOf } from '../../api/operations.ts';
import type { ApiProblem } from '../../api/problem.ts';
import { useChange, useRead } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { Form, SelectField, TextArea, TextField } from '../../components/form.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { pageProblem, parseJsonObject } from '../../components/json-field.tsx';
import { JsonView } from '../../components/json-view.tsx';
import { notify } from '../../components/notices.tsx';
import { Facts, Loaded, Page, Section } from '../../components/page.tsx';
import { Tabs } from '../../components/tabs.tsx';
import { useUrlState } from '../../components/url-state.ts';
import { useFormats } from '../../texts/formats.ts';
import { useText } from '../../texts/texts.ts';
import { EvaluationTab } from './evaluation-tab.tsx';
import { ToolRuleTab } from './tool-rule-tab.tsx';

type Endpoint = AnswerOf<'GET /api/v1/endpoints'>['items'][number];

const MODES = ['full', 'search', 'code', 'auto'] as const;

export function DiscoveryPage() {
  const say = useText();
  const endpoints = useRead('GET /api/v1/endpoints');
  const [chosen, choose] = useUrlState('endpoint');
  return (
    <Page title={say('discovery.title')} lead={say('discovery.lead')}>
      <Loaded read={endpoints}>
        {({ items }) => {
          const endpoint = items.find(({ name }) => name === chosen) ?? items[0];
          if (endpoint === undefined) {
            return (
              <div className="panel">
                <EmptyState icon="search" title={say('discovery.noEndpoint')} action={<Link to="/endpoints" className="text-accent underline">{say('nav.endpoints')}</Link>} />
              </div>
            );
          }
          return (
            <>
              <div className="max-w-sm">
                <SelectField label={say('discovery.endpoint')} value={endpoint.name} set={choose} options={items.map(({ name }) => ({ value: name, label: name }))} />
              </div>
              <Tabs
                key={endpoint.name}
                tabs={[
                  { id: 'cost', text: say('discovery.cost'), render: () => <CostTab endpoint={endpoint} /> },
                  { id: 'search', text: say('discovery.search'), render: () => <SearchTab endpoint={endpoint.name} /> },
                  { id: 'route', text: say('discovery.route'), render: () => <RouteTab endpoint={endpoint} /> },
                  { id: 'rule', text: say('discovery.toolRule'), render: () => <ToolRuleTab key={endpoint.version} endpoint={endpoint} /> },
                  { id: 'evaluation', text: say('discovery.evaluation'), render: () => <EvaluationTab endpoint={endpoint.name} /> },
                ]}
              />
            </>
          );
        }}
      </Loaded>
    </Page>
  );
}

function CostTab({ endpoint }: { readonly endpoint: Endpoint }) {
  const say = useText();
  const formats = useFormats();
  const cost = useRead('GET /api/v1/endpoints/{name}/context-cost', { params: { name: endpoint.name } });
  return (
    <div className="grid items-start gap-4 lg:grid-cols-2">
      <Mode key={endpoint.version} endpoint={endpoint} />
      <Loaded read={cost}>
        {({ toolCount, fullTokens, listedTokens, servers, tools }) => (
          <>
            <Section title={say('discovery.cost')} lead={say('discovery.costHelp')}>
              <Facts
                facts={[
                  [say('discovery.tools'), formats.number(toolCount)],
                  [say('discovery.full'), say('discovery.tokens', { text: formats.number(fullTokens) })],
                  [say('discovery.listed'), <span key="listed" className="font-semibold">{say('discovery.tokens', { text: formats.number(listedTokens) })}</span>],
                ]}
              />
            </Section>
            <Bars title={say('discovery.byServer')} rows={servers.map(({ server, tokens }) => ({ name: server, tokens }))} />
            <Bars title={say('discovery.dearest')} rows={tools} />
          </>
        )}
      </Loaded>
    </div>
  );
}

function Mode({ endpoint }: { readonly endpoint: Endpoint }) {
  const say = useText();
  const mayWrite = useMay('endpoint:write') && endpoint.managedBy === null;
  const { discovery } = endpoint.config;
  const written = typeof discovery === 'object' && discovery !== null ? (discovery as Readonly<Record<string, unknown>>) : undefined;
  const known = MODES.find((mode) => mode === (written === undefined ? discovery : written['mode'])) ?? 'full';
  const [mode, setMode] = useState(known);
  const change = useChange('PATCH /api/v1/endpoints/{name}', { refused: () => undefined, done: () => notify(say('common.saved')) });
  const submit = (): void => change.run({ params: { name: endpoint.name }, body: { config: { discovery: written === undefined ? mode : { mode } } }, ifVersion: endpoint.version });
  return (
    <Section title={say('discovery.mode')} lead={say('discovery.modeHelp')}>
      <Form problem={change.problem} submit={submit}>
        <fieldset className="grid gap-3">
          <legend className="sr-only">{say('discovery.mode')}</legend>
          {MODES.map((each) => (
            <div key={each}>
              <label className="flex items-center gap-2.5 font-medium">
                <input type="radio" name="mode" className="size-4 shrink-0 accent-accent" disabled={!mayWrite} checked={mode === each} onChange={() => setMode(each)} />
                {say(`endpoints.mode.${each}`)}
              </label>
              <p className="pl-6 text-soft">{say(`endpoints.modeHelp.${each}`)}</p>
            </div>
          ))}
        </fieldset>
        {mayWrite && (
          <div>
            <Button type="submit" look="accent" isBusy={change.isRunning} disabled={mode === known}>
              {say('common.save')}
            </Button>
          </div>
        )}
      </Form>
    </Section>
  );
}

function Bars({ title, rows }: { readonly title: string; readonly rows: readonly { readonly name: string; readonly tokens: number }[] }) {
  const formats = useFormats();
  const most = Math.max(1, ...rows.map(({ tokens }) => tokens));
  return (
    <Section title={title}>
      <ol className="grid gap-2.5">
        {rows.map(({ name, tokens }) => (
          <li key={name}>
            <div className="flex items-baseline justify-between gap-3">
              <span className="truncate">
                <ForeignText charsMax={200}>{name}</ForeignText>
              </span>
              <span className="tabular-nums">{formats.number(tokens)}</span>
            </div>
            <div aria-hidden className="mt-1 h-1.5 overflow-hidden rounded-full bg-sunken">
              <div className="h-full rounded-full bg-accent" style={{ width: `${Math.max(1, (tokens / most) * 100)}%` }} />
            </div>
          </li>
        ))}
      </ol>
    </Section>
  );
}

type Found = AnswerOf<'POST /api/v1/endpoints/{name}/search'>;

function SearchTab({ endpoint }: { readonly endpoint: string }) {
  const say = useText();
  const formats = useFormats();
  const [query, setQuery] = useState('');
  const [found, setFound] = useState<Found>();
  const search = useChange('POST /api/v1/endpoints/{name}/search', { done: setFound, refused: () => setFound(undefined) });
  const queries = query.split('\n').filter((line) => line.trim() !== '');
  return (
    <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,24rem)_minmax(0,1fr)]">
      <Section title={say('discovery.search')} lead={say('discovery.searchHelp')}>
        <Form problem={search.problem} submit={() => search.run({ params: { name: endpoint }, body: { queries } })}>
          <TextArea label={say('discovery.query')} help={say('discovery.queryHelp')} path="queries" value={query} set={setQuery} rows={3} />
          <div>
            <Button type="submit" look="accent" icon="search" isBusy={search.isRunning} disabled={queries.length === 0}>
              {say('discovery.searchNow')}
            </Button>
          </div>
        </Form>
      </Section>
      {found === undefined ? (
        <div className="panel">
          <EmptyState icon="search" title={say('discovery.searchEmpty')} />
        </div>
      ) : (
        <Section title={say('discovery.found')} lead={say('discovery.tokens', { text: formats.number(found.tokens) })}>
          <div role="status" className="grid gap-4">
            <JsonView label={say('discovery.found')} value={found.rows} />
            <JsonView label={say('discovery.answer')} value={found.text} className="whitespace-pre-wrap" />
          </div>
        </Section>
      )}
    </div>
  );
}

type Route = AnswerOf<'POST /api/v1/endpoints/{name}/route'>;

function RouteTab({ endpoint }: { readonly endpoint: Endpoint }) {
  const say = useText();
  const suggestions = useRead('GET /api/v1/namespaces/{name}/group-suggestions', { params: { name: endpoint.namespace } });
  const [group, setGroup] = useState('');
  const [text, setText] = useState('{}');
  const [wrong, setWrong] = useState<ApiProblem>();
  const [route, setRoute] = useState<Route>();
  const explain = useChange('POST /api/v1/endpoints/{name}/route', { done: setRoute, refused: () => setRoute(undefined) });
  const submit = (): void => {
    const args = parseJsonObject(text);
    setWrong(args === undefined ? pageProblem(say('common.notJsonObject')) : undefined);
    if (args !== undefined) explain.run({ params: { name: endpoint.name }, body: { group, arguments: { ...args } } });
  };
  return (
    <div className="grid items-start gap-4 lg:grid-cols-2">
      <Section title={say('discovery.route')} lead={say('discovery.routeHelp')}>
        <Form problem={wrong ?? explain.problem} submit={submit}>
          <TextField label={say('discovery.group')} path="group" value={group} set={setGroup} />
          <TextArea label={say('discovery.arguments')} isMono value={text} set={setText} rows={4} />
          <div>
            <Button type="submit" look="accent" isBusy={explain.isRunning} disabled={group.trim() === ''}>
              {say('discovery.routeNow')}
            </Button>
          </div>
        </Form>
        {route !== undefined && (
          <div role="status" className="mt-4 grid gap-3">
            <Facts
              facts={[
                [say('discovery.member'), <span key="member" className="font-semibold">{route.member ?? say('discovery.nobody')}</span>],
                [say('discovery.reason'), route.reason ?? '–'],
                [say('discovery.rule'), route.rule ?? '–'],
                [say('discovery.order'), route.order.join(' → ')],
                ...Object.entries(route.refused).map(([name, why]) => [name, why] as const),
              ]}
            />
            {route.arguments !== null && <JsonView label={say('discovery.arguments')} value={route.arguments} />}
          </div>
        )}
      </Section>
      <Section title={say('discovery.suggestions')} lead={say('discovery.suggestionsHelp')}>
        <Loaded read={suggestions}>
          {({ items }) =>
            items.length === 0 ? (
              <p className="text-soft">{say('discovery.noSuggestions')}</p>
            ) : (
              <ul className="grid gap-3">
                {items.map(({ tools, reason }) => (
                  <li key={tools.join(' ')}>
                    <ForeignText className="font-medium">{tools.join(', ')}</ForeignText>
                    <ForeignText className="block text-soft">{reason}</ForeignText>
                  </li>
                ))}
              </ul>
            )
          }
        </Loaded>
      </Section>
    </div>
  );
}
