/** Parts of a page, one at a time; which one is in the address. */
import { Tabs as Base } from '@base-ui/react/tabs';
import type { ReactNode } from 'react';
import { useUrlState } from './url-state.ts';

export interface Tab {
  readonly id: string;
  readonly text: string;
  /** A number beside the text. */
  readonly count?: number | undefined;
  readonly render: () => ReactNode;
}

export function Tabs({ tabs, name = 'tab' }: { readonly tabs: readonly Tab[]; readonly name?: string }) {
  const [current, set] = useUrlState(name, tabs[0]?.id);
  const chosen = tabs.some(({ id }) => id === current) ? current : tabs[0]?.id;
  return (
    <Base.Root value={chosen} onValueChange={(value) => set(String(value))} className="grid grid-cols-[minmax(0,1fr)] gap-4">
      <Base.List className="scrolls flex gap-1 overflow-x-auto border-b border-line" activateOnFocus>
        {tabs.map(({ id, text, count }) => (
          <Base.Tab key={id} value={id} className="-mb-px flex shrink-0 cursor-pointer items-center gap-1.5 border-b-2 border-transparent px-3 py-2 font-medium whitespace-nowrap text-soft hover:text-ink focus-visible:-outline-offset-2 data-active:border-accent data-active:text-ink">
            {text}
            {count !== undefined && <span className="rounded-full bg-sunken px-1.5 text-[0.86em] tabular-nums">{count}</span>}
          </Base.Tab>
        ))}
      </Base.List>
      {tabs.map(({ id, render }) => (
        <Base.Panel key={id} value={id} className="min-w-0 outline-none">
          {id === chosen && render()}
        </Base.Panel>
      ))}
    </Base.Root>
  );
}
