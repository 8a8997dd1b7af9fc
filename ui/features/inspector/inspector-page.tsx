/** The inspector: a target, as whom, in which era; then everything that MCP can do with it. A link to it opens it. */
import { Link } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { useMay } from '../../api/me.ts';
import { useRead } from '../../api/queries.ts';
import { ApiProblem } from '../../api/problem.ts';
import { Badge } from '../../components/badge.tsx';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { SelectField } from '../../components/form.tsx';
import { Icon } from '../../components/icon.tsx';
import { Page, Skeleton } from '../../components/page.tsx';
import { ProblemNotice } from '../../components/problem-notice.tsx';
import { useSetUrl, useUrlValues } from '../../components/url-state.ts';
import { useText } from '../../texts/texts.ts';
import { InspectorSession, KINDS, type Kind, type Target } from './inspector-session.ts';
import type { Era } from '../../mcp/protocol.ts';
import { Failure } from './result-view.tsx';
import { countSaved } from './saved-calls.ts';
import { SessionContext } from './session-context.ts';
import { Workbench } from './workbench.tsx';

export function InspectorPage() {
  const say = useText();
  const target = useTarget();
  return (
    <Page title={say('inspector.title')} lead={say('inspector.lead')}>
      <TargetBar />
      {target === undefined ? (
        <div className="panel">
          <EmptyState icon="terminal" title={say('inspector.start')}>
            {say('inspector.startHelp')}
          </EmptyState>
          <Everything />
        </div>
      ) : (
        <Look key={JSON.stringify(target)} target={target} />
      )}
    </Page>
  );
}

/** Every server and endpoint is there by itself, with the calls that were saved for it. */
function Everything() {
  const say = useText();
  const servers = useRead('GET /api/v1/servers').data?.items ?? [];
  const endpoints = useRead('GET /api/v1/endpoints').data?.items ?? [];
  return (
    <div className="grid gap-x-6 gap-y-4 border-t border-line p-4 md:grid-cols-2">
      <TargetLinks title={say('nav.endpoints')} kind="endpoint" names={endpoints.map(({ name }) => name)} />
      <TargetLinks title={say('nav.servers')} kind="server" names={servers.map(({ name }) => name)} />
    </div>
  );
}

function TargetLinks({ title, kind, names }: { readonly title: string; readonly kind: Kind; readonly names: readonly string[] }) {
  const say = useText();
  if (names.length === 0) return null;
  return (
    <section aria-label={title} className="grid content-start gap-1">
      <h2 className="font-semibold">{title}</h2>
      <ul className="scrolls grid max-h-80 gap-px overflow-y-auto">
        {names.map((name) => {
          const count = countSaved(`${kind}.${name}`);
          return (
            <li key={name}>
              <Link to="/inspector" search={{ kind, name } as never} className="flex items-center gap-2 rounded-md px-2 py-1.5 hover:bg-hover">
                <Icon name={kind === 'server' ? 'server' : 'plug'} />
                <span className="min-w-0 flex-1 truncate">{name}</span>
                {count > 0 && <span className="text-soft">{say('inspector.savedCalls', { count })}</span>}
                <Icon name="chevron" />
              </Link>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** What the address says. */
function useTarget(): Target | undefined {
  const { kind, name, era, as } = useUrlValues();
  const known = KINDS.find((each) => each === kind);
  return known === undefined || name === undefined ? undefined : { kind: known, name, era: toEra(era), as };
}

function toEra(text: string | undefined): Era {
  return text === 'legacy' ? 'legacy' : 'modern';
}

function TargetBar() {
  const say = useText();
  const { kind: given, name = '', era, as = '' } = useUrlValues();
  const setUrl = useSetUrl();
  const kind = KINDS.find((each) => each === given) ?? 'endpoint';
  const names = useNames(kind);
  const people = usePeople();
  return (
    <div className="panel grid gap-3 p-4 xs:grid-cols-2 lg:grid-cols-4">
      <SelectField label={say('inspector.kind')} value={kind} set={(value) => setUrl({ kind: value, name: undefined, item: undefined })} options={KINDS.map((value) => ({ value, label: say(`inspector.kinds.${value}`) }))} />
      <SelectField
        label={say('inspector.target')}
        value={name}
        set={(value) => setUrl({ kind, name: value, item: undefined }, { isNew: true })}
        options={[{ value: '', label: say('inspector.chooseTarget') }, ...[...new Set([...names, ...(name === '' ? [] : [name])])].map((value) => ({ value, label: value }))]}
      />
      <SelectField label={say('inspector.as')} value={as} set={(value) => setUrl({ as: value })} disabled={people.length === 0} options={[{ value: '', label: say('inspector.myself') }, ...people]} />
      <SelectField label={say('inspector.era')} value={toEra(era)} set={(value) => setUrl({ era: value === 'modern' ? undefined : value })} options={(['modern', 'legacy'] as const).map((value) => ({ value, label: say(`inspector.eras.${value}`) }))} />
    </div>
  );
}

function useNames(kind: Kind): readonly string[] {
  const servers = useRead('GET /api/v1/servers', {}, { enabled: kind === 'server' }).data?.items ?? [];
  const namespaces = useRead('GET /api/v1/namespaces', {}, { enabled: kind === 'namespace' }).data?.items ?? [];
  const endpoints = useRead('GET /api/v1/endpoints', {}, { enabled: kind === 'endpoint' }).data?.items ?? [];
  return { server: servers, namespace: namespaces, endpoint: endpoints }[kind].map(({ name }) => name);
}

/** Keys and users as whom one may look. */
function usePeople(): readonly { readonly value: string; readonly label: string }[] {
  const say = useText();
  const may = useMay('inspection:as');
  const keys = useRead('GET /api/v1/keys', {}, { enabled: may }).data?.items ?? [];
  const users = useRead('GET /api/v1/users', {}, { enabled: may }).data?.items ?? [];
  if (!may) return [];
  return [...keys.map(({ id, name }) => ({ value: `key:${id}`, label: say('inspector.asKey', { name }) })), ...users.map(({ id, email, name }) => ({ value: `user:${id}`, label: say('inspector.asUser', { name: email ?? name }) }))];
}

type Opening = { readonly phase: 'opening' } | { readonly phase: 'open'; readonly session: InspectorSession } | { readonly phase: 'failed'; readonly error: unknown };

/** One session as long as this is shown; `again` ends it and begins another. */
function useOpened(target: Target): { readonly opening: Opening; readonly again: () => void } {
  const [wanted, setWanted] = useState({ target });
  const [opening, setOpening] = useState<Opening>({ phase: 'opening' });
  useEffect(() => {
    let isGone = false;
    const session = InspectorSession.open(wanted.target);
    session.then(
      (opened) => isGone || setOpening({ phase: 'open', session: opened }),
      (error: unknown) => isGone || setOpening({ phase: 'failed', error }),
    );
    return () => {
      isGone = true;
      void session.then((opened) => opened.close()).catch(() => undefined);
    };
  }, [wanted]);
  const again = (): void => {
    setOpening({ phase: 'opening' });
    setWanted({ target });
  };
  return { opening, again };
}

function Look({ target }: { readonly target: Target }) {
  const say = useText();
  const { opening, again } = useOpened(target);
  if (opening.phase === 'opening') return <Skeleton rows={6} />;
  if (opening.phase === 'failed') {
    return opening.error instanceof ApiProblem ? (
      <ProblemNotice problem={opening.error} retry={again} />
    ) : (
      <div className="grid justify-items-start gap-3">
        <Failure error={opening.error} />
        <Button icon="refresh" onClick={again}>
          {say('common.retry')}
        </Button>
      </div>
    );
  }
  const { session } = opening;
  return (
    <SessionContext value={session}>
      <div className="flex flex-wrap items-center gap-3">
        <Badge tone="good" hasDot>
          {say('inspector.connected')}
        </Badge>
        <span className="text-soft">{say('inspector.connectedAs', { name: session.inspection.principal.name, target: target.name })}</span>
        <Button size="small" icon="refresh" className="ml-auto" onClick={again}>
          {say('inspector.reconnect')}
        </Button>
      </div>
      <Workbench />
    </SessionContext>
  );
}
