/** Everything by name: pages, objects, and what one does often. */
import { Dialog } from '@base-ui/react/dialog';
import { useNavigate } from '@tanstack/react-router';
import { type RefObject, useMemo, useRef, useState } from 'react';
import { useRead } from '../api/queries.ts';
import { classNames } from '../components/class-names.ts';
import { ForeignText } from '../components/foreign-text.tsx';
import { Icon, type IconName } from '../components/icon.tsx';
import { type Language, LANGUAGES, switchLanguage, useText } from '../texts/texts.ts';
import { useNavigationPages } from './navigation.tsx';
import { setTheme, THEMES } from './theme.ts';

interface Command {
  readonly id: string;
  readonly text: string;
  readonly group: string;
  readonly icon: IconName;
  readonly run: () => void;
}

interface PaletteProps {
  readonly isOpen: boolean;
  readonly close: () => void;
  readonly openHelp: () => void;
}

const SHOWN_MAX = 50;

export function CommandPalette(props: PaletteProps) {
  const say = useText();
  return (
    <Dialog.Root open={props.isOpen} onOpenChange={(isOpen) => isOpen || props.close()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-40 bg-black/35" />
        <Dialog.Popup className="fixed top-[12vh] left-1/2 z-50 w-[min(40rem,calc(100vw-1.5rem))] -translate-x-1/2 overflow-hidden rounded-xl border border-line bg-surface shadow-raised outline-none">
          <Dialog.Title className="sr-only">{say('palette.title')}</Dialog.Title>
          <Palette {...props} />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Palette({ close, openHelp }: PaletteProps) {
  const say = useText();
  const [query, setQuery] = useState('');
  const [at, setAt] = useState(0);
  const list = useRef<HTMLUListElement>(null);
  const commands = useCommands(openHelp);
  const found = useMemo(() => search(commands, query), [commands, query]);
  const chosen = Math.min(at, found.length - 1);
  const run = (command: Command | undefined): void => {
    if (command === undefined) return;
    close();
    command.run();
  };
  const move = (to: number): void => {
    const next = (to + found.length) % Math.max(1, found.length);
    setAt(next);
    list.current?.children[next]?.scrollIntoView({ block: 'nearest' });
  };
  return (
    <>
      <div className="flex items-center gap-2.5 border-b border-line px-4">
        <span className="text-soft">
          <Icon name="search" />
        </span>
        <input
          autoFocus
          role="combobox"
          aria-expanded
          aria-controls="palette-list"
          aria-activedescendant={found[chosen] === undefined ? undefined : `palette-${found[chosen].id}`}
          aria-label={say('palette.title')}
          className="h-12 w-full bg-transparent outline-none placeholder:text-soft/80"
          placeholder={say('palette.placeholder')}
          value={query}
          onChange={(event) => {
            setQuery(event.target.value);
            setAt(0);
          }}
          onKeyDown={(event) => {
            if (event.key === 'ArrowDown') move(chosen + 1);
            else if (event.key === 'ArrowUp') move(chosen - 1);
            else if (event.key === 'Enter' && !event.nativeEvent.isComposing) run(found[chosen]);
            else return;
            event.preventDefault();
          }}
        />
      </div>
      <Results list={list} found={found} chosen={chosen} choose={setAt} run={run} />
      {found.length === 0 && <p className="px-4 pb-4 text-soft">{say('palette.nothing')}</p>}
    </>
  );
}

interface ResultsProps {
  readonly list: RefObject<HTMLUListElement | null>;
  readonly found: readonly Command[];
  readonly chosen: number;
  readonly choose: (at: number) => void;
  readonly run: (command: Command) => void;
}

function Results({ list, found, chosen, choose, run }: ResultsProps) {
  const say = useText();
  return (
    <ul ref={list} id="palette-list" role="listbox" aria-label={say('palette.title')} className="scrolls max-h-[50vh] overflow-y-auto p-1.5">
      {found.map((command, index) => (
        <li
          key={command.id}
          id={`palette-${command.id}`}
          role="option"
          aria-selected={index === chosen}
          className={classNames('flex cursor-pointer items-center gap-2.5 rounded-md px-2.5 py-2', index === chosen && 'bg-hover')}
          onMouseMove={() => choose(index)}
          onClick={() => run(command)}
        >
          <span className="text-soft">
            <Icon name={command.icon} />
          </span>
          <span className="min-w-0 flex-1 truncate">
            <ForeignText>{command.text}</ForeignText>
          </span>
          <span className="text-[0.86em] text-soft">{command.group}</span>
        </li>
      ))}
    </ul>
  );
}

/** Every word must be there; what begins with the query comes first. */
function search(commands: readonly Command[], query: string): readonly Command[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const found = commands.filter(({ text, group }) => words.every((word) => `${text} ${group}`.toLowerCase().includes(word)));
  const rank = ({ text }: Command): number => (text.toLowerCase().startsWith(words[0] ?? '') ? 0 : 1);
  return found.toSorted((one, other) => rank(one) - rank(other)).slice(0, SHOWN_MAX);
}

function useCommands(openHelp: () => void): readonly Command[] {
  const say = useText();
  const navigate = useNavigate();
  const pages = useNavigationPages();
  const servers = useRead('GET /api/v1/servers');
  const namespaces = useRead('GET /api/v1/namespaces');
  const endpoints = useRead('GET /api/v1/endpoints');
  return useMemo(() => {
    const go = (to: string) => (): void => void navigate({ to } as never);
    const objects = [
      { path: 'servers', icon: 'server', group: say('nav.servers'), names: servers.data?.items.map(({ name }) => name) },
      { path: 'namespaces', icon: 'layers', group: say('nav.namespaces'), names: namespaces.data?.items.map(({ name }) => name) },
      { path: 'endpoints', icon: 'plug', group: say('nav.endpoints'), names: endpoints.data?.items.map(({ name }) => name) },
    ] as const;
    return [
      ...pages.map(({ path, nav }): Command => ({ id: path.slice(1), text: say(nav.text), group: say('palette.page'), icon: nav.icon, run: go(path) })),
      ...objects.flatMap(({ path, icon, group, names = [] }) => names.map((name): Command => ({ id: `${path}-${name}`, text: name, group, icon, run: go(`/${path}/${encodeURIComponent(name)}`) }))),
      ...THEMES.map((theme): Command => ({ id: `theme-${theme}`, text: say(`theme.${theme}`), group: say('palette.action'), icon: 'sun', run: () => setTheme(theme) })),
      ...(Object.keys(LANGUAGES) as Language[]).map((language): Command => ({ id: `language-${language}`, text: LANGUAGES[language], group: say('palette.action'), icon: 'globe', run: () => void switchLanguage(language) })),
      { id: 'help', text: say('shortcuts.title'), group: say('palette.action'), icon: 'help', run: openHelp },
    ];
  }, [say, navigate, pages, servers.data, namespaces.data, endpoints.data, openHelp]);
}
