import { useText } from '../../texts/texts.ts';
import { Page } from '../../components/page.tsx';
import { Tabs } from '../../components/tabs.tsx';
import { CallsTab } from './calls-tab.tsx';
import { ToolsTab } from './tools-tab.tsx';

export function TrafficPage() {
  const say = useText();
  return (
    <Page title={say('traffic.title')} lead={say('traffic.lead')}>
      <Tabs
        name="view"
        tabs={[
          { id: 'calls', text: say('traffic.calls'), render: () => <CallsTab /> },
          { id: 'tools', text: say('traffic.tools'), render: () => <ToolsTab /> },
        ]}
      />
    </Page>
  );
}
