/** Keys that work everywhere but where one types. */
import { useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useNavigationPages } from './navigation.tsx';

/** How long after `g` the next key still says where to. */
const CHORD_MS = 1_200;

interface Openers {
  readonly openPalette: () => void;
  readonly openHelp: () => void;
}

export function useShortcuts({ openPalette, openHelp }: Openers): void {
  const navigate = useNavigate();
  const pages = useNavigationPages();
  useEffect(() => {
    let chordUntilMs = 0;
    const go = (key: string): boolean => {
      const page = pages.find(({ nav }) => nav.key === key);
      if (page !== undefined) void navigate({ to: page.path } as never);
      return page !== undefined;
    };
    const press = (pressed: KeyboardEvent): void => {
      const key = pressed.key.toLowerCase();
      if ((pressed.ctrlKey || pressed.metaKey) && !pressed.shiftKey && !pressed.altKey && key === 'k') {
        pressed.preventDefault();
        openPalette();
        return;
      }
      if (pressed.ctrlKey || pressed.metaKey || pressed.altKey || isTyping(pressed.target)) return;
      const isChord = performance.now() < chordUntilMs;
      chordUntilMs = 0;
      if (isChord && go(key)) pressed.preventDefault();
      else if (key === 'g') chordUntilMs = performance.now() + CHORD_MS;
      else if (key === '?') openHelp();
      else if (key === '/') focusSearch(pressed);
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, [navigate, pages, openPalette, openHelp]);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.closest('input, textarea, select, [role=dialog], [role=menu]') !== null);
}

function focusSearch(pressed: KeyboardEvent): void {
  const search = document.querySelector<HTMLInputElement>('main input[data-search]');
  if (search === null) return;
  pressed.preventDefault();
  search.focus();
  search.select();
}
