import { Link, useNavigate } from '@tanstack/react-router';
import { useMay } from '../../api/me.ts';
import { useRead } from '../../api/queries.ts';
import { Badge } from '../../components/badge.tsx';
import { Button, buttonClass } from '../../components/button.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { Icon } from '../../components/icon.tsx';
import { Facts, Loaded, Page, Section } from '../../components/page.tsx';
import { Tabs } from '../../components/tabs.tsx';
import { useUrlParam } from '../../components/url-state.ts';
import { When } from '../../components/when.tsx';
import { useFormats } from '../../texts/formats.ts';
import { useText } from '../../texts/texts.ts';
import { EnabledSwitch, ServerMenu, useServerActions } from './server-actions.tsx';
import { ServerConfigTab } from './server-config-tab.tsx';
import { ServerLogTab } from './server-log-tab.tsx';
import { isEnabled, placeOf, type Server, StatusBadge } from './server-state.tsx';

export function ServerPage() {
  const say = useText();
  const name = useUrlParam('name');
  const server = useRead('GET /api/v1/servers/{name}', { params: { name } }, { everyMs: 5_000 });
  const crumb = (
    <Link to="/servers" className="hover:underline">
      {say('nav.servers')}
    </Link>
  );
  return (
    <Page
      name={name}
      crumb={crumb}
      title={
        <span className="flex flex-wrap items-center gap-3">
          {name}
          {server.data !== undefined && (
            <span className="text-[1rem] leading-normal tracking-normal">
              <StatusBadge status={server.data.status} />
            </span>
          )}
        </span>
      }
      {...(server.data !== undefined && { lead: <ForeignText>{server.data.description}</ForeignText>, actions: <Actions server={server.data} /> })}
    >
      <Loaded read={server}>
        {(known) => (
          <Tabs
            tabs={[
              { id: 'state', text: say('servers.tab.state'), render: () => <State server={known} /> },
              { id: 'log', text: say('servers.tab.log'), render: () => <ServerLogTab server={known} /> },
              { id: 'config', text: say('common.configuration'), render: () => <ServerConfigTab key={known.version} server={known} /> },
            ]}
          />
        )}
      </Loaded>
    </Page>
  );
}

function Actions({ server }: { readonly server: Server }) {
  const say = useText();
  const navigate = useNavigate();
  const mayInspect = useMay('inspection:open');
  const { restart, resync, isBusy } = useServerActions(server);
  return (
    <>
      <EnabledSwitch server={server} />
      {mayInspect && isEnabled(server) && (
        <Link to="/inspector" search={{ kind: 'server', name: server.name } as never} className={buttonClass()}>
          <Icon name="terminal" /> {say('servers.inspect')}
        </Link>
      )}
      <Button icon="refresh" onClick={resync} disabled={isBusy || !isEnabled(server)}>
        {say('servers.resync')}
      </Button>
      <Button icon="power" onClick={restart} isBusy={isBusy} disabled={!isEnabled(server)}>
        {say('servers.restart')}
      </Button>
      <ServerMenu server={server} deleted={() => void navigate({ to: '/servers' } as never)} />
    </>
  );
}

function State({ server }: { readonly server: Server }) {
  const say = useText();
  const formats = useFormats();
  return (
    <div className="grid gap-4">
      {server.lastError !== null && server.status !== 'ready' && (
        <div role="alert" className="rounded-lg border border-bad/30 bg-bad-wash px-4 py-3">
          <p className="font-medium">{say('servers.lastError')}</p>
          <ForeignText isBlock className="font-mono text-[0.93em]">
            {server.lastError}
          </ForeignText>
          <p className="mt-1 text-soft">{say('servers.lastErrorHelp')}</p>
        </div>
      )}
      {server.warnings.map((warning) => (
        <p key={warning} className="rounded-lg border border-warn/30 bg-warn-wash px-4 py-2.5">
          <ForeignText>{warning}</ForeignText>
        </p>
      ))}
      <div className="grid gap-4 lg:grid-cols-2">
        <Section title={say('servers.tab.state')}>
          <Facts
            facts={[
              [say('servers.state'), <StatusBadge key="status" status={server.status} />],
              [say('servers.since'), <When key="since" iso={server.since} />],
              [say('servers.handshake'), server.handshakeMs === null ? '–' : formats.duration(server.handshakeMs)],
              [say('servers.connections'), formats.number(server.connections)],
              [say('servers.restarts'), formats.number(server.restarts)],
              [say('servers.pid'), server.pid === null ? '–' : String(server.pid)],
              [say('servers.isolation'), `${server.isolation.effective} – ${server.isolation.reason}`],
            ]}
          />
        </Section>
        <Section title={say('servers.offers')}>
          <Facts
            facts={[
              [say('servers.tools'), server.tools === null ? '–' : formats.number(server.tools)],
              [say('servers.prompts'), server.prompts === null ? '–' : formats.number(server.prompts)],
              [say('servers.resources'), server.resources === null ? '–' : formats.number(server.resources)],
              [say('servers.revision'), server.revision ?? '–'],
              [say('servers.type'), server.type],
              [say('servers.place'), <ForeignText key="place" className="font-mono text-[0.93em]">{placeOf(server)}</ForeignText>],
              [
                say('servers.usedBy'),
                server.usedBy.length === 0 ? (
                  <Link key="none" to="/namespaces" className="text-accent underline">
                    {say('servers.usedByNone')}
                  </Link>
                ) : (
                  <span key="used" className="flex flex-wrap gap-1.5">
                    {server.usedBy.map((name) => (
                      <Link key={name} to="/namespaces/$name" params={{ name } as never}>
                        <Badge tone="accent">{name}</Badge>
                      </Link>
                    ))}
                  </span>
                ),
              ],
            ]}
          />
        </Section>
      </div>
    </div>
  );
}
