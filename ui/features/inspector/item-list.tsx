/** Names at the left, the one that is chosen at the right; which one is in the address. */
import { type ReactNode, useMemo, useState } from 'react';
import { IconButton, Spinner } from '../../components/button.tsx';
import { classNames } from '../../components/class-names.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { useUrlState } from '../../components/url-state.ts';
import { useText } from '../../texts/texts.ts';
import { type JsonObject, textIn } from '../../mcp/protocol.ts';
import { Failure } from './result-view.tsx';
import type { useList } from './use-list.ts';

interface ItemListProps {
  readonly label: string;
  readonly list: ReturnType<typeof useList>;
  /** `name`, `uri` or `uriTemplate`. */
  readonly member: string;
  readonly render: (item: JsonObject) => ReactNode;
  /** Above the names. */
  readonly tools?: ReactNode;
}

export function ItemList({ label, list, member, render, tools }: ItemListProps) {
  const say = useText();
  const [chosen, choose] = useUrlState('item');
  const [query, setQuery] = useState('');
  const wanted = query.trim().toLowerCase();
  const found = useMemo(() => list.items.filter((item) => `${textIn(item, member)} ${textIn(item, 'title')} ${textIn(item, 'description')}`.toLowerCase().includes(wanted)), [list.items, member, wanted]);
  const item = list.items.find((each) => textIn(each, member) === chosen);
  if (!list.isOffered) return <div className="panel"><EmptyState icon="info" title={say('inspector.notOffered', { what: label })}>{say('inspector.notOfferedHelp')}</EmptyState></div>;
  if (list.error !== null) return <Failure error={list.error} />;
  return (
    <div className="grid items-start gap-4 md:grid-cols-[minmax(13rem,20rem)_minmax(0,1fr)]">
      <section aria-label={label} className="panel overflow-hidden">
        <div className="flex items-center gap-2 border-b border-line p-2">
          <input type="search" data-search className="field" aria-label={say('table.searchIn', { table: label })} placeholder={say('table.search')} value={query} onChange={(event) => setQuery(event.target.value)} />
          {list.isReading ? <span className="px-2"><Spinner /></span> : <IconButton icon="refresh" label={say('inspector.readAgain')} onClick={list.again} />}
        </div>
        {tools}
        <ul className="scrolls max-h-72 overflow-y-auto p-1 md:max-h-[65vh]">
          {found.map((each) => {
            const name = textIn(each, member) ?? '';
            return (
              <li key={name}>
                <button type="button" aria-current={name === chosen || undefined} onClick={() => choose(name)} className={classNames('w-full rounded-md px-2.5 py-1.5 text-left hover:bg-hover focus-visible:-outline-offset-2', name === chosen && 'bg-accent-wash text-accent')}>
                  <span className="block truncate font-medium">
                    <ForeignText>{brief(textIn(each, 'title') ?? textIn(each, 'name') ?? name)}</ForeignText>
                  </span>
                  <span className="block truncate font-mono text-[0.86em] text-soft">
                    <ForeignText>{brief(textIn(each, 'title') === undefined && member === 'name' ? (textIn(each, 'description') ?? name) : name)}</ForeignText>
                  </span>
                </button>
              </li>
            );
          })}
          {found.length === 0 && !list.isReading && <li className="p-3 text-soft">{say(list.items.length === 0 ? 'inspector.none' : 'table.nothingFound')}</li>}
        </ul>
      </section>
      <div className="min-w-0">
        {item === undefined ? (
          <div className="panel">
            <EmptyState icon="terminal" title={say(chosen !== '' && !list.isReading ? 'inspector.gone' : 'inspector.choose', { name: chosen })}>{say('inspector.chooseHelp')}</EmptyState>
          </div>
        ) : (
          <div key={chosen}>{render(item)}</div>
        )}
      </div>
    </div>
  );
}

/** One line of it: a button cannot hold the one that shows the rest. */
function brief(text: string): string {
  return text.slice(0, 200);
}
