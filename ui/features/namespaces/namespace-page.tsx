import { Link, useNavigate } from '@tanstack/react-router';
import { useMay } from '../../api/me.ts';
import { useChange, useRead } from '../../api/queries.ts';
import { ConfigEditor } from '../../components/config-editor.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { Loaded, Page } from '../../components/page.tsx';
import { Tabs } from '../../components/tabs.tsx';
import { useUrlParam } from '../../components/url-state.ts';
import { notify } from '../../components/notices.tsx';
import { useText } from '../../texts/texts.ts';
import { CollisionsTab } from './collisions-tab.tsx';
import { MembersTab } from './members-tab.tsx';
import type { Catalog, Namespace } from './namespace-data.ts';
import { NamespaceMenu } from './namespaces-page.tsx';
import { PrimitivesTab } from './primitives-tab.tsx';

export function NamespacePage() {
  const say = useText();
  const navigate = useNavigate();
  const params = { name: useUrlParam('name') };
  const namespace = useRead('GET /api/v1/namespaces/{name}', { params });
  const catalog = useRead('GET /api/v1/namespaces/{name}/catalog', { params });
  const crumb = (
    <Link to="/namespaces" className="hover:underline">
      {say('nav.namespaces')}
    </Link>
  );
  return (
    <Page
      title={params.name}
      crumb={crumb}
      {...(namespace.data !== undefined && {
        lead: <ForeignText>{namespace.data.description}</ForeignText>,
        actions: (
          <>
            <Endpoints names={namespace.data.usedBy} />
            <NamespaceMenu namespace={namespace.data} deleted={() => void navigate({ to: '/namespaces' } as never)} />
          </>
        ),
      })}
    >
      <Loaded read={namespace}>{(known) => <Loaded read={catalog}>{(shown) => <Parts namespace={known} catalog={shown} />}</Loaded>}</Loaded>
    </Page>
  );
}

function Endpoints({ names }: { readonly names: readonly string[] }) {
  const say = useText();
  return (
    <span className="text-soft">
      {say('namespaces.offeredAt')}{' '}
      {names.length === 0 ? (
        <Link to="/endpoints" search={{ add: 'open' } as never} className="text-accent underline">
          {say('namespaces.noEndpoint')}
        </Link>
      ) : (
        names.map((name, index) => (
          <span key={name}>
            {index > 0 && ', '}
            <Link to="/endpoints/$name" params={{ name } as never} className="text-accent underline">
              {name}
            </Link>
          </span>
        ))
      )}
    </span>
  );
}

function Parts({ namespace, catalog }: { readonly namespace: Namespace; readonly catalog: Catalog }) {
  const say = useText();
  const mayWrite = useMay('namespace:write') && namespace.managedBy === null;
  const save = useChange('PUT /api/v1/namespaces/{name}', { done: () => notify(say('common.saved')), refused: () => undefined });
  const of = (...kinds: readonly string[]) => catalog.items.filter(({ kind }) => kinds.includes(kind));
  const primitives = (id: string, text: string, kinds: readonly string[]) => ({
    id,
    text,
    count: of(...kinds).length,
    render: () => <PrimitivesTab key={id} namespace={namespace} items={of(...kinds)} label={text} silent={catalog.silent} mayWrite={mayWrite} />,
  });
  return (
    <Tabs
      tabs={[
        primitives('tools', say('servers.tools'), ['tool']),
        { id: 'servers', text: say('nav.servers'), count: namespace.servers.length, render: () => <MembersTab namespace={namespace} catalog={catalog} mayWrite={mayWrite} /> },
        primitives('prompts', say('servers.prompts'), ['prompt']),
        primitives('resources', say('servers.resources'), ['resource', 'resourceTemplate']),
        { id: 'collisions', text: say('namespaces.collisions'), count: catalog.collisions.length, render: () => <CollisionsTab collisions={catalog.collisions} /> },
        {
          id: 'config',
          text: say('common.configuration'),
          render: () => (
            <ConfigEditor
              key={namespace.version}
              config={namespace.config}
              managedBy={namespace.managedBy}
              mayWrite={mayWrite}
              isBusy={save.isRunning}
              problem={save.problem}
              save={(config) => save.run({ params: { name: namespace.name }, body: { config }, ifVersion: namespace.version })}
            />
          ),
        },
      ]}
    />
  );
}
