/** What servers can be made of: templates that run here, and packages and addresses of the official registry's form. */
import { useRead } from '../../api/queries.ts';
import { Page } from '../../components/page.tsx';
import { Tabs } from '../../components/tabs.tsx';
import { useText } from '../../texts/texts.ts';
import { RegistryTab } from './registry-tab.tsx';
import { TemplatesTab } from './templates-tab.tsx';

export function CataloguePage() {
  const say = useText();
  const templates = useRead('GET /api/v1/templates');
  const registry = useRead('GET /api/v1/registry');
  return (
    <Page title={say('orchestrator.catalogue')} lead={say('orchestrator.catalogueLead')}>
      <Tabs
        tabs={[
          { id: 'templates', text: say('orchestrator.templates'), count: templates.data?.items.length, render: () => <TemplatesTab templates={templates} /> },
          { id: 'registry', text: say('orchestrator.registry'), count: registry.data?.items.length, render: () => <RegistryTab registry={registry} /> },
        ]}
      />
    </Page>
  );
}
