/** The frame of one page: its title, what it is for, what can be done, and what was read. */
import type { UseQueryResult } from '@tanstack/react-query';
import { type ReactNode, useEffect } from 'react';
import type { ApiProblem } from '../api/problem.ts';
import { useText } from '../texts/texts.ts';
import { ProblemNotice } from './problem-notice.tsx';

interface PageProps {
  readonly title: ReactNode;
  /** Of the browser's tab, where the title is no text. */
  readonly name?: string;
  readonly lead?: ReactNode;
  readonly actions?: ReactNode;
  /** Above the title: the way back. */
  readonly crumb?: ReactNode;
  readonly children: ReactNode;
}

export function Page({ title, name, lead, actions, crumb, children }: PageProps) {
  const tab = name ?? (typeof title === 'string' ? title : 'MetaMCP');
  useEffect(() => {
    document.title = `${tab} · MetaMCP`;
  }, [tab]);
  return (
    <div className="mx-auto grid w-full max-w-[90rem] grid-cols-[minmax(0,1fr)] gap-5 px-4 py-5 sm:px-7 sm:py-7">
      <header className="flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
        <div className="min-w-0">
          {crumb !== undefined && <div className="mb-1 text-soft">{crumb}</div>}
          <h1 className="text-[1.5rem] leading-tight font-semibold tracking-tight">{title}</h1>
          {lead !== undefined && <p className="mt-1 max-w-prose text-soft">{lead}</p>}
        </div>
        {actions !== undefined && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

interface LoadedProps<Value> {
  readonly read: UseQueryResult<Value, ApiProblem>;
  readonly children: (value: Value) => ReactNode;
  /** Of the picture that stands for what is still being read. */
  readonly rows?: number;
}

/** What was read, or that it is being read, or why it could not be. */
export function Loaded<Value>({ read, children, rows = 5 }: LoadedProps<Value>) {
  if (read.data !== undefined) {
    return (
      <>
        {read.isError && <ProblemNotice problem={read.error} retry={() => void read.refetch()} />}
        {children(read.data)}
      </>
    );
  }
  if (read.isError) return <ProblemNotice problem={read.error} retry={() => void read.refetch()} />;
  return <Skeleton rows={rows} />;
}

export function Skeleton({ rows }: { readonly rows: number }) {
  const say = useText();
  return (
    <div role="status" aria-label={say('common.loading')} className="panel grid gap-3 p-5">
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="h-4 animate-pulse rounded bg-sunken odd:w-2/3" />
      ))}
    </div>
  );
}

interface SectionProps {
  readonly title: string;
  readonly lead?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

/** A part of a page with a heading of its own. */
export function Section({ title, lead, actions, children }: SectionProps) {
  return (
    <section className="panel min-w-0">
      <div className="flex flex-wrap items-center justify-between gap-2 border-b border-line px-4 py-3">
        <div className="min-w-0">
          <h2 className="text-[1.07rem] font-semibold">{title}</h2>
          {lead !== undefined && <p className="text-soft">{lead}</p>}
        </div>
        {actions !== undefined && <div className="flex flex-wrap gap-2">{actions}</div>}
      </div>
      <div className="p-4">{children}</div>
    </section>
  );
}

/** Names and values. */
export function Facts({ facts }: { readonly facts: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <dl className="grid grid-cols-[minmax(7rem,max-content)_minmax(0,1fr)] gap-x-6 gap-y-1.5">
      {facts.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-soft">{name}</dt>
          <dd className="min-w-0 wrap-anywhere">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
