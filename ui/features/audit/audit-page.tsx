import { Page } from '../../components/page.tsx';
import { Tabs } from '../../components/tabs.tsx';
import { useText } from '../../texts/texts.ts';
import { ExportTab } from './export-tab.tsx';
import { RecordsTab } from './records-tab.tsx';
import { VerifyTab } from './verify-tab.tsx';

export function AuditPage() {
  const say = useText();
  return (
    <Page title={say('audit.title')} lead={say('audit.lead')}>
      <Tabs
        tabs={[
          { id: 'records', text: say('audit.records'), render: () => <RecordsTab /> },
          { id: 'verify', text: say('audit.verify'), render: () => <VerifyTab /> },
          { id: 'export', text: say('audit.export'), render: () => <ExportTab /> },
        ]}
      />
    </Page>
  );
}
