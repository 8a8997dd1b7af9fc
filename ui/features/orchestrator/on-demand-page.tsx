/** Servers that agents had made: what runs now, and what happened. */
import { useMay } from '../../api/me.ts';
import { useRead } from '../../api/queries.ts';
import { Badge } from '../../components/badge.tsx';
import { Page } from '../../components/page.tsx';
import { Tabs } from '../../components/tabs.tsx';
import { useText } from '../../texts/texts.ts';
import { ChildrenTab } from './children-tab.tsx';
import { EventsTab } from './events-tab.tsx';
import { useChildEvents } from './use-child-events.ts';

/** Memory and processor time change without an event. */
const MEASURED_EVERY_MS = 5_000;

export function OnDemandPage() {
  const say = useText();
  const mayReadLog = useMay('log:read');
  const isLive = useChildEvents(mayReadLog);
  const children = useRead('GET /api/v1/children', {}, { everyMs: MEASURED_EVERY_MS });
  return (
    <Page
      title={say('orchestrator.onDemand')}
      lead={say('orchestrator.onDemandLead')}
      actions={
        isLive && (
          <Badge tone="good" hasDot>
            {say('orchestrator.live')}
          </Badge>
        )
      }
    >
      <Tabs
        tabs={[
          { id: 'running', text: say('orchestrator.running'), count: children.data?.items.length, render: () => <ChildrenTab read={children} /> },
          ...(mayReadLog ? [{ id: 'events', text: say('orchestrator.events'), render: () => <EventsTab /> }] : []),
        ]}
      />
    </Page>
  );
}
