/** The playground: a chat with a model of one's own that uses the tools of an endpoint, each call allowed by hand. */
import { useEffect, useState } from 'react';
import { useMay } from '../../api/me.ts';
import { useRead } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { Loaded, Page, Section } from '../../components/page.tsx';
import { useUrlDialog, useUrlState } from '../../components/url-state.ts';
import { useText } from '../../texts/texts.ts';
import { ChatPanel } from './chat-panel.tsx';
import { Chat } from './chat.ts';
import { ModelForm, type PlaygroundModel } from './model-form.tsx';

export function PlaygroundPage() {
  const say = useText();
  const playground = useRead('GET /api/v1/playground');
  const dialog = useUrlDialog('model');
  const [chat] = useState(() => new Chat());
  // Nobody reads on: the model need not go on.
  useEffect(() => () => chat.stop(), [chat]);
  const model = playground.data?.model ?? null;
  const actions = model !== null && (
    <>
      <Button icon="settings" onClick={() => dialog.open()}>
        {say('playground.modelAt', { model: model.model, host: new URL(model.url).host })}
      </Button>
      <Button icon="plus" onClick={() => chat.clear()}>
        {say('playground.newChat')}
      </Button>
    </>
  );
  return (
    <Page title={say('playground.title')} lead={say('playground.lead')} actions={actions}>
      <Loaded read={playground}>{() => (model === null ? <Off /> : <Endpoints chat={chat} />)}</Loaded>
      <ModelDialog model={model} isOpen={model !== null && dialog.value !== undefined} close={dialog.close} />
    </Page>
  );
}

function Off() {
  const say = useText();
  const may = useMay('playground:configure');
  if (!may) return <EmptyState icon="chat" title={say('playground.off')} />;
  return (
    <div className="max-w-2xl">
      <Section title={say('playground.off')} lead={say('playground.offHelp')}>
        <ModelForm model={null} done={() => undefined} />
      </Section>
    </div>
  );
}

function ModelDialog({ model, isOpen, close }: { readonly model: PlaygroundModel | null; readonly isOpen: boolean; readonly close: () => void }) {
  const say = useText();
  return (
    <Dialog isOpen={isOpen} close={close} title={say('playground.settings')}>
      <ModelForm model={model} done={close} />
    </Dialog>
  );
}

/** The address names the endpoint; else it is the first. */
function Endpoints({ chat }: { readonly chat: Chat }) {
  const say = useText();
  const endpoints = useRead('GET /api/v1/endpoints');
  const [chosen, choose] = useUrlState('endpoint');
  return (
    <Loaded read={endpoints}>
      {({ items }) => {
        const names = items.map(({ name }) => name);
        const endpoint = chosen === '' ? names[0] : chosen;
        if (endpoint === undefined) return <EmptyState icon="plug" title={say('playground.noEndpoint')}>{say('playground.noEndpointHelp')}</EmptyState>;
        return <ChatPanel key={endpoint} chat={chat} endpoint={endpoint} names={names} choose={choose} />;
      }}
    </Loaded>
  );
}
