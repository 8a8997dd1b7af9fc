/** What surrounds every page: navigation, the person, the palette, shortcuts and live events. */
import { Dialog } from '@base-ui/react/dialog';
import { Link, Outlet, useLocation } from '@tanstack/react-router';
import { useState } from 'react';
import { useMe } from '../api/me.ts';
import { IconButton } from '../components/button.tsx';
import { Icon } from '../components/icon.tsx';
import { useText } from '../texts/texts.ts';
import { CommandPalette } from './command-palette.tsx';
import { Logo } from './logo.tsx';
import { Navigation } from './navigation.tsx';
import { PersonMenu } from './person-menu.tsx';
import { ShortcutHelp } from './shortcut-help.tsx';
import { useShortcuts } from './shortcuts.ts';
import { useLiveEvents } from './live-events.ts';

export function Frame() {
  const say = useText();
  const me = useMe();
  const [isPaletteOpen, openPalette] = useState(false);
  const [isHelpOpen, openHelp] = useState(false);
  useShortcuts({ openPalette: () => openPalette(true), openHelp: () => openHelp(true) });
  const live = useLiveEvents();
  const { pathname } = useLocation();
  if (me === undefined) return null;
  const search = (
    <button type="button" onClick={() => openPalette(true)} className="field flex items-center gap-2 text-left whitespace-nowrap text-soft max-lg:w-auto">
      <Icon name="search" />
      <span className="flex-1 truncate max-sm:sr-only">{say('frame.find')}</span>
      <kbd className="rounded border border-line bg-sunken px-1 text-[0.8em] max-lg:hidden">{navigator.platform.startsWith('Mac') ? '⌘K' : 'Ctrl K'}</kbd>
    </button>
  );
  return (
    <div className="lg:grid lg:min-h-screen lg:grid-cols-[15rem_minmax(0,1fr)]">
      <a href="#content" className="sr-only z-80 rounded-md bg-accent px-3 py-2 text-accent-ink focus:not-sr-only focus:fixed focus:top-2 focus:left-2">
        {say('frame.skip')}
      </a>
      <aside className="sticky top-0 hidden h-screen flex-col gap-4 border-r border-line bg-surface px-3 py-4 lg:flex">
        <Link to="/overview" className="px-2">
          <Logo />
        </Link>
        {search}
        <Navigation />
        <PersonMenu me={me} live={live} openHelp={() => openHelp(true)} />
      </aside>
      <header className="sticky top-0 z-20 flex items-center gap-2 border-b border-line bg-surface px-3 py-2 lg:hidden">
        <Drawer key={pathname} />
        <Link to="/overview" className="mr-auto">
          <Logo />
        </Link>
        {search}
        <PersonMenu me={me} live={live} openHelp={() => openHelp(true)} isSmall />
      </header>
      <main id="content" tabIndex={-1} className="min-w-0 outline-none">
        <Outlet />
      </main>
      <CommandPalette isOpen={isPaletteOpen} close={() => openPalette(false)} openHelp={() => openHelp(true)} />
      <ShortcutHelp isOpen={isHelpOpen} close={() => openHelp(false)} />
    </div>
  );
}

/** The navigation on small screens. */
function Drawer() {
  const say = useText();
  const [isOpen, setOpen] = useState(false);
  return (
    <Dialog.Root open={isOpen} onOpenChange={setOpen}>
      <Dialog.Trigger render={<IconButton icon="menu" label={say('frame.navigation')} />} />
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-40 bg-black/35" />
        <Dialog.Popup className="scrolls fixed inset-y-0 left-0 z-50 flex w-72 max-w-[85vw] flex-col gap-4 overflow-y-auto border-r border-line bg-surface px-3 py-4 outline-none">
          <Dialog.Title className="sr-only">{say('frame.navigation')}</Dialog.Title>
          <div className="flex items-center justify-between pl-2">
            <Logo />
            <Dialog.Close render={<IconButton icon="close" label={say('common.close')} />} />
          </div>
          <Navigation />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
