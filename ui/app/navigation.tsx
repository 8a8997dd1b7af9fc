import { Link, useLocation } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { useMe } from '../api/me.ts';
import { Icon } from '../components/icon.tsx';
import { useText } from '../texts/texts.ts';
import { GROUPS, type PageEntry, PAGES } from './pages.ts';

/** Pages that whoever looks may see, with a place in the navigation. */
export function useNavigationPages(): readonly (PageEntry & { readonly nav: NonNullable<PageEntry['nav']> })[] {
  const permissions = useMe()?.permissions ?? [];
  return PAGES.flatMap((page) => (page.nav !== undefined && permissions.includes(page.nav.permission) ? [{ ...page, nav: page.nav }] : []));
}

export function Navigation() {
  const say = useText();
  const pages = useNavigationPages();
  const list = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  // There are more pages than a low window shows at a time.
  useEffect(() => {
    list.current?.querySelector('[data-status=active]')?.scrollIntoView({ block: 'nearest' });
  }, [pathname, pages.length]);
  return (
    <nav ref={list} aria-label={say('frame.navigation')} className="scrolls -mx-1 grid min-h-0 flex-1 content-start gap-4 overflow-y-auto px-1 py-0.5">
      {GROUPS.map((group) => {
        const own = pages.filter((page) => page.nav.group === group);
        if (own.length === 0) return null;
        return (
          <div key={group} className="grid gap-px">
            <p className="px-2 pb-1 text-[0.86em] font-medium text-soft">{say(`nav.group.${group}`)}</p>
            {own.map((page) => (
              <Link
                key={page.path}
                to={page.path}
                className="flex items-center gap-2.5 rounded-md px-2 py-1.5 text-soft hover:bg-hover hover:text-ink data-[status=active]:bg-accent-wash data-[status=active]:font-medium data-[status=active]:text-accent"
              >
                <Icon name={page.nav.icon} />
                {say(page.nav.text)}
              </Link>
            ))}
          </div>
        );
      })}
    </nav>
  );
}
