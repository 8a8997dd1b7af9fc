/** How the tools of an endpoint are found: what its list costs, what a search finds, where calls of groups go. */
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { AnswerOf } from '../../api/operations.ts';
import { useChange, useRead } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { Form, SelectField, TextArea } from '../../components/form.tsx';
import { JsonView } from '../../components/json-view.tsx';
import { Loaded, Page, Section } from '../../components/page.tsx';
import { Tabs } from '../../components/tabs.tsx';
import { useUrlState } from '../../components/url-state.ts';
import { useFormats } from '../../texts/formats.ts';
import { useText } from '../../texts/texts.ts';
import { CostTab } from './cost-tab.tsx';
import { EvaluationTab } from './evaluation-tab.tsx';
import { RouteTab } from './route-tab.tsx';
import { ToolRuleTab } from './tool-rule-tab.tsx';

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
