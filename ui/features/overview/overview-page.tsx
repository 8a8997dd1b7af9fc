import { Link } from '@tanstack/react-router';
import { lazy, type ReactNode, Suspense, useMemo } from 'react';
import { useMay } from '../../api/me.ts';
import { useRead } from '../../api/queries.ts';
import { Badge } from '../../components/badge.tsx';
import { classNames } from '../../components/class-names.ts';
import { ForeignText } from '../../components/foreign-text.tsx';
import { Icon } from '../../components/icon.tsx';
import { Loaded, Page, Section } from '../../components/page.tsx';
import { useUrlState } from '../../components/url-state.ts';
import { useFormats } from '../../texts/formats.ts';
import { useText } from '../../texts/texts.ts';
import { FirstSteps } from './first-steps.tsx';
import type { Stats } from './stats.ts';

// The only page with charts on it is also the first one: figures are there before the pictures.
const Charts = lazy(async () => ({ default: (await import('./charts.tsx')).Charts }));

const STEP_MS = 10_000;

export function OverviewPage() {
  const say = useText();
  const mayTraffic = useMay('traffic:read');
  const [window, setWindow] = useUrlState('window', 'hour');
  const chosen = window === 'day' ? 'day' : 'hour';
  const stats = useRead('GET /api/v1/stats', { query: { window: chosen, top: 8 } }, { everyMs: STEP_MS, enabled: mayTraffic });
  const actions = (
    <div role="group" aria-label={say('overview.window')} className="flex gap-1 rounded-lg bg-sunken p-1">
      {(['hour', 'day'] as const).map((each) => (
        <button key={each} type="button" aria-pressed={each === chosen} onClick={() => setWindow(each)} className={classNames('rounded-md px-3 py-1', each === chosen ? 'bg-surface font-medium shadow-xs' : 'text-soft hover:text-ink')}>
          {say(`overview.windows.${each}`)}
        </button>
      ))}
    </div>
  );
  return (
    <Page title={say('nav.overview')} actions={mayTraffic && actions}>
      <Health />
      {mayTraffic && <Loaded read={stats}>{(known) => <Figures stats={known} />}</Loaded>}
    </Page>
  );
}

/** Servers that are not what they should be. */
function Health() {
  const say = useText();
  const servers = useRead('GET /api/v1/servers').data?.items;
  if (servers === undefined) return null;
  const troubled = servers.filter(({ status, lastError }) => status === 'failed' || status === 'degraded' || (status === 'connecting' && lastError !== null));
  if (troubled.length === 0) return null;
  return (
    <section aria-label={say('overview.unhealthy')} className="grid gap-2">
      {troubled.map((server) => (
        <Link key={server.name} to="/servers/$name" params={{ name: server.name } as never} className="flex items-center gap-3 rounded-lg border border-bad/30 bg-bad-wash px-4 py-2.5 hover:border-bad">
          <span className="text-bad">
            <Icon name="warning" />
          </span>
          <span className="font-medium">{server.name}</span>
          <ForeignText className="min-w-0 flex-1 truncate text-soft">{server.lastError ?? say(`servers.status.${server.status}`)}</ForeignText>
          <Icon name="chevron" />
        </Link>
      ))}
    </section>
  );
}

function Figures({ stats }: { readonly stats: Stats }) {
  const say = useText();
  const formats = useFormats();
  const servers = useRead('GET /api/v1/servers').data?.items ?? [];
  const ready = servers.filter(({ status }) => status === 'ready').length;
  const { latencyMs } = stats;
  return (
    <>
      <div className="grid grid-cols-2 gap-3 lg:grid-cols-4">
        <Tile to="/servers" name={say('overview.servers')} value={`${formats.number(ready)} / ${formats.number(servers.length)}`} note={say('overview.serversReady')} isBad={ready < servers.filter(({ status }) => status !== 'stopped').length} />
        <Tile name={say('overview.calls')} value={formats.number(stats.calls)} note={say('overview.denied', { count: stats.denied })} />
        <Tile name={say('overview.errorRate')} value={stats.calls === 0 ? '–' : formats.percent(stats.errorRate)} note={say('overview.errors', { count: stats.errors })} isBad={stats.calls > 0 && stats.errorRate > 0.05} />
        <Tile name={say('overview.latency')} value={latencyMs === null ? '–' : formats.duration(latencyMs.p95)} note={latencyMs === null ? say('overview.noCalls') : say('overview.median', { value: formats.duration(latencyMs.p50) })} />
      </div>
      {stats.calls === 0 && <FirstSteps />}
      <Suspense fallback={<div className="panel h-72 animate-pulse" />}>
        <Charts stats={stats} />
      </Suspense>
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <Busiest stats={stats} />
        <ContextCost stats={stats} />
      </div>
    </>
  );
}

interface TileProps {
  readonly name: string;
  readonly value: string;
  readonly note: string;
  readonly isBad?: boolean;
  readonly to?: string;
}

function Tile({ name, value, note, isBad = false, to }: TileProps) {
  const inner = (
    <>
      <span className="text-soft">{name}</span>
      <span className={classNames('text-[1.7rem] leading-tight font-semibold tracking-tight tabular-nums', isBad && 'text-bad')}>{value}</span>
      <span className="text-[0.93em] text-soft">{note}</span>
    </>
  );
  const look = 'panel grid content-start gap-0.5 px-4 py-3';
  if (to === undefined) return <div className={look}>{inner}</div>;
  return (
    <Link to={to} className={classNames(look, 'hover:border-line-strong')}>
      {inner}
    </Link>
  );
}

function Busiest({ stats }: { readonly stats: Stats }) {
  const say = useText();
  const formats = useFormats();
  const most = Math.max(1, ...stats.tools.map(({ calls }) => calls));
  return (
    <Section title={say('overview.busiest')}>
      {stats.tools.length === 0 && <p className="text-soft">{say('overview.noCalls')}</p>}
      <ol className="grid gap-2.5">
        {stats.tools.map((tool) => (
          <li key={`${tool.server} ${tool.tool}`}>
            <div className="flex items-baseline justify-between gap-3">
              <span className="min-w-0 truncate">
                <ForeignText className="font-mono text-[0.93em]">{tool.tool}</ForeignText> <span className="text-soft">{tool.server}</span>
              </span>
              <span className="flex shrink-0 items-baseline gap-2 tabular-nums">
                {tool.errors > 0 && <Badge tone="bad">{say('overview.errors', { count: tool.errors })}</Badge>}
                {tool.latencyMs !== null && <span className="text-soft">{formats.duration(tool.latencyMs.p95)}</span>}
                <span className="font-medium">{formats.number(tool.calls)}</span>
              </span>
            </div>
            <Bar part={tool.calls / most} />
          </li>
        ))}
      </ol>
    </Section>
  );
}

function ContextCost({ stats }: { readonly stats: Stats }) {
  const say = useText();
  const formats = useFormats();
  // Inspections have an endpoint of their own for a while; no client of anybody else's lists it.
  const costs = useMemo(() => stats.contextCost.filter(({ endpoint }) => !endpoint.startsWith('~')).toSorted((one, other) => other.tokens - one.tokens), [stats.contextCost]);
  const most = Math.max(1, costs[0]?.tokens ?? 1);
  return (
    <Section title={say('overview.contextCost')} lead={say('overview.contextCostHelp')}>
      {costs.length === 0 && <p className="text-soft">{say('overview.noLists')}</p>}
      <ol className="grid gap-2.5">
        {costs.map(({ endpoint, tokens }) => (
          <li key={endpoint}>
            <div className="flex items-baseline justify-between gap-3">
              <Link to="/endpoints/$name" params={{ name: endpoint } as never} search={{ tab: 'rules' } as never} className="truncate hover:underline">
                {endpoint}
              </Link>
              <span className="font-medium tabular-nums">{say('overview.tokens', { count: tokens, text: formats.number(tokens) })}</span>
            </div>
            <Bar part={tokens / most} />
          </li>
        ))}
      </ol>
    </Section>
  );
}

function Bar({ part }: { readonly part: number }): ReactNode {
  return (
    <div aria-hidden className="mt-1 h-1.5 overflow-hidden rounded-full bg-sunken">
      <div className="h-full rounded-full bg-accent" style={{ width: `${Math.max(1, part * 100)}%` }} />
    </div>
  );
}
