import { useMay } from '../../api/me.ts';
import { Page } from '../../components/page.tsx';
import { Tabs } from '../../components/tabs.tsx';
import { useText } from '../../texts/texts.ts';
import { ExportTab } from './export-tab.tsx';
import { HistoryTab } from './history-tab.tsx';
import { ImportTab } from './import-tab.tsx';

export function ConfigurationPage() {
  const say = useText();
  const mayWrite = useMay('config:write');
  return (
    <Page title={say('configuration.title')} lead={say('configuration.lead')}>
      <Tabs
        tabs={[
          { id: 'history', text: say('configuration.history'), render: () => <HistoryTab mayWrite={mayWrite} /> },
          ...(mayWrite ? [{ id: 'import', text: say('configuration.import'), render: () => <ImportTab /> }] : []),
          { id: 'export', text: say('configuration.export'), render: () => <ExportTab /> },
        ]}
      />
    </Page>
  );
}
