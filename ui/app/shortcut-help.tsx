import { Dialog } from '../components/dialog.tsx';
import { useText } from '../texts/texts.ts';
import { useNavigationPages } from './navigation.tsx';

export function ShortcutHelp({ isOpen, close }: { readonly isOpen: boolean; readonly close: () => void }) {
  const say = useText();
  const pages = useNavigationPages();
  const rows: readonly (readonly [keys: readonly string[], text: string])[] = [
    [['Ctrl', 'K'], say('shortcuts.palette')],
    [['/'], say('shortcuts.search')],
    [['?'], say('shortcuts.help')],
    [['Esc'], say('shortcuts.close')],
    ...pages.flatMap(({ nav }) => (nav.key === undefined ? [] : [[['g', nav.key], say('shortcuts.go', { page: say(nav.text) })] as const])),
  ];
  return (
    <Dialog isOpen={isOpen} close={close} title={say('shortcuts.title')} width="narrow">
      <dl className="grid gap-2">
        {rows.map(([keys, text]) => (
          <div key={text} className="flex items-center justify-between gap-4">
            <dt>{text}</dt>
            <dd className="flex gap-1">
              {keys.map((key) => (
                <kbd key={key} className="min-w-6 rounded border border-line bg-sunken px-1.5 py-0.5 text-center">
                  {key}
                </kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
