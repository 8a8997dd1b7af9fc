import { Page } from '../../components/page.tsx';
import { Tabs } from '../../components/tabs.tsx';
import { useText } from '../../texts/texts.ts';
import { LedgerTab } from './ledger-tab.tsx';
import { PricesTab } from './prices-tab.tsx';

export function CostsPage() {
  const say = useText();
  return (
    <Page title={say('costs.title')} lead={say('costs.lead')}>
      <Tabs
        tabs={[
          { id: 'ledger', text: say('costs.ledger'), render: () => <LedgerTab /> },
          { id: 'prices', text: say('costs.prices'), render: () => <PricesTab /> },
        ]}
      />
    </Page>
  );
}
