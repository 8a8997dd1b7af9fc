import { Link, useNavigate } from '@tanstack/react-router';
import { useMay } from '../../api/me.ts';
import { useChange, useRead } from '../../api/queries.ts';
import { buttonClass } from '../../components/button.tsx';
import { Copyable } from '../../components/code.tsx';
import { ConfigEditor } from '../../components/config-editor.tsx';
import { Icon } from '../../components/icon.tsx';
import { notify } from '../../components/notices.tsx';
import { Loaded, Page } from '../../components/page.tsx';
import { Tabs } from '../../components/tabs.tsx';
import { useUrlParam } from '../../components/url-state.ts';
import { useText } from '../../texts/texts.ts';
import { ConnectTab } from './connect-tab.tsx';
import { AuthBadges, type Endpoint, EndpointMenu } from './endpoints-page.tsx';
import { RulesTab } from './rules-tab.tsx';

export function EndpointPage() {
  const say = useText();
  const navigate = useNavigate();
  const name = useUrlParam('name');
  const endpoint = useRead('GET /api/v1/endpoints/{name}', { params: { name } });
  const crumb = (
    <Link to="/endpoints" className="hover:underline">
      {say('nav.endpoints')}
    </Link>
  );
  return (
    <Page
      name={name}
      crumb={crumb}
      title={
        <span className="flex flex-wrap items-center gap-3">
          {name}
          {endpoint.data !== undefined && (
            <span className="text-[1rem] tracking-normal">
              <AuthBadges endpoint={endpoint.data} />
            </span>
          )}
        </span>
      }
      {...(endpoint.data !== undefined && { lead: <Copyable text={endpoint.data.mcpUrl} />, actions: <Actions endpoint={endpoint.data} deleted={() => void navigate({ to: '/endpoints' } as never)} /> })}
    >
      <Loaded read={endpoint}>{(known) => <Parts endpoint={known} />}</Loaded>
    </Page>
  );
}

function Actions({ endpoint, deleted }: { readonly endpoint: Endpoint; readonly deleted: () => void }) {
  const say = useText();
  const mayInspect = useMay('inspection:open');
  const mayChat = useMay('playground:use');
  return (
    <>
      {mayInspect && (
        <Link to="/inspector" search={{ kind: 'endpoint', name: endpoint.name } as never} className={buttonClass()}>
          <Icon name="terminal" /> {say('endpoints.inspect')}
        </Link>
      )}
      {mayChat && (
        <Link to="/playground" search={{ endpoint: endpoint.name } as never} className={buttonClass()}>
          <Icon name="chat" /> {say('endpoints.chat')}
        </Link>
      )}
      <EndpointMenu endpoint={endpoint} deleted={deleted} />
    </>
  );
}

function Parts({ endpoint }: { readonly endpoint: Endpoint }) {
  const say = useText();
  const mayWrite = useMay('endpoint:write') && endpoint.managedBy === null;
  const save = useChange('PUT /api/v1/endpoints/{name}', { done: () => notify(say('common.saved')), refused: () => undefined });
  return (
    <Tabs
      tabs={[
        { id: 'connect', text: say('endpoints.connect'), render: () => <ConnectTab endpoint={endpoint} /> },
        { id: 'rules', text: say('endpoints.rules'), render: () => <RulesTab key={endpoint.version} endpoint={endpoint} mayWrite={mayWrite} /> },
        {
          id: 'config',
          text: say('common.configuration'),
          render: () => (
            <ConfigEditor
              key={endpoint.version}
              config={endpoint.config}
              managedBy={endpoint.managedBy}
              mayWrite={mayWrite}
              isBusy={save.isRunning}
              problem={save.problem}
              save={(config) => save.run({ params: { name: endpoint.name }, body: { config }, ifVersion: endpoint.version })}
            />
          ),
        },
      ]}
    />
  );
}
