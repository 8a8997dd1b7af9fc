import { Page } from '../../components/page.tsx';
import { Tabs } from '../../components/tabs.tsx';
import { useText } from '../../texts/texts.ts';
import { LimitsTab } from './limits-tab.tsx';
import { UsageTab } from './usage-tab.tsx';

export function LimitsPage() {
  const say = useText();
  return (
    <Page title={say('limits.title')} lead={say('limits.lead')}>
      <Tabs
        tabs={[
          { id: 'usage', text: say('limits.usage'), render: () => <UsageTab /> },
          { id: 'limits', text: say('limits.everywhere'), render: () => <LimitsTab /> },
        ]}
      />
    </Page>
  );
}
