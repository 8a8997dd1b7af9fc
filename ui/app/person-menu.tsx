import { useNavigate } from '@tanstack/react-router';
import type { Me } from '../api/me.ts';
import { useChange } from '../api/queries.ts';
import { classNames } from '../components/class-names.ts';
import { ForeignText } from '../components/foreign-text.tsx';
import { Icon } from '../components/icon.tsx';
import { Menu } from '../components/menu.tsx';
import { type Language, LANGUAGES, switchLanguage, useLanguage, useText } from '../texts/texts.ts';
import { setTheme, THEMES, useTheme } from './theme.ts';

interface PersonMenuProps {
  readonly me: Me;
  /** Whether changes are told at once. */
  readonly live: boolean;
  readonly openHelp: () => void;
  readonly isSmall?: boolean;
}

const THEME_ICONS = { system: 'screen', light: 'sun', dark: 'moon' } as const;

export function PersonMenu({ me, live, openHelp, isSmall = false }: PersonMenuProps) {
  const say = useText();
  const theme = useTheme();
  const language = useLanguage();
  const navigate = useNavigate();
  const signOut = useChange('POST /api/v1/sign-out', { done: () => window.location.assign('/sign-in') });
  const name = me.user?.name ?? say('person.operatorToken');
  const trigger = (
    <button type="button" aria-label={isSmall ? name : undefined} className="flex min-w-0 items-center gap-2.5 rounded-md px-2 py-1.5 text-left hover:bg-hover">
      <span className="relative grid size-7 shrink-0 place-items-center rounded-full bg-accent-wash font-semibold text-accent">
        <span aria-hidden>{Array.from(name)[0]?.toUpperCase()}</span>
        <span className={classNames('absolute -right-0.5 -bottom-0.5 size-2.5 rounded-full border-2 border-surface', live ? 'bg-good' : 'bg-line-strong')} title={say(live ? 'person.live' : 'person.notLive')} />
      </span>
      {!isSmall && (
        <span className="min-w-0 flex-1">
          <span className="block truncate font-medium">
            <ForeignText>{name}</ForeignText>
          </span>
          <span className="block truncate text-[0.86em] text-soft">{me.user === null ? '' : say(`role.${me.user.role}`)}</span>
        </span>
      )}
      {!isSmall && <Icon name="more" />}
    </button>
  );
  return (
    <Menu
      trigger={trigger}
      items={[
        { text: say('nav.account'), icon: 'user', onSelect: () => void navigate({ to: '/account' } as never) },
        { text: say('shortcuts.title'), icon: 'help', onSelect: openHelp },
        'line',
        ...THEMES.map((each) => ({ text: say(`theme.${each}`), icon: THEME_ICONS[each], onSelect: () => setTheme(each), isCurrent: each === theme })),
        'line',
        ...(Object.keys(LANGUAGES) as Language[]).map((each) => ({ text: LANGUAGES[each], icon: 'globe' as const, onSelect: () => void switchLanguage(each), isCurrent: each === language })),
        'line',
        { text: say('person.signOut'), icon: 'leave', onSelect: () => signOut.run({}) },
      ]}
    />
  );
}
