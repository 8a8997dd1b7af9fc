import { Tabs } from '../../components/tabs.tsx';
import { useText } from '../../texts/texts.ts';
import { MessagesTab } from './messages-tab.tsx';
import { NoticesTab } from './notices-tab.tsx';
import { PromptsTab } from './prompts-tab.tsx';
import { Questions } from './questions.tsx';
import { ResourcesTab, TemplatesTab } from './resources-tab.tsx';
import { ServerTab } from './server-tab.tsx';
import { useSessionState } from './session-context.ts';
import { ToolsTab } from './tools-tab.tsx';

/** Everything that can be done with a target once it is connected. */
export function Workbench() {
  const say = useText();
  const { notices } = useSessionState();
  return (
    <>
      <Tabs
        tabs={[
          { id: 'tools', text: say('inspector.tools'), render: () => <ToolsTab /> },
          { id: 'resources', text: say('inspector.resources'), render: () => <ResourcesTab /> },
          { id: 'templates', text: say('inspector.templates'), render: () => <TemplatesTab /> },
          { id: 'prompts', text: say('inspector.prompts'), render: () => <PromptsTab /> },
          { id: 'notices', text: say('inspector.notices'), count: notices.length, render: () => <NoticesTab /> },
          { id: 'messages', text: say('inspector.messages'), render: () => <MessagesTab /> },
          { id: 'about', text: say('inspector.about'), render: () => <ServerTab /> },
        ]}
      />
      <Questions />
    </>
  );
}
