/** Three ways to add servers: paste a file, type a command, fill in a form. */
import { useNavigate } from '@tanstack/react-router';
import { Button } from '../../components/button.tsx';
import { classNames } from '../../components/class-names.ts';
import { SidePanel } from '../../components/dialog.tsx';
import { notify } from '../../components/notices.tsx';
import { useText } from '../../texts/texts.ts';
import { CommandWay } from './command-way.tsx';
import type { Added } from '../../api/create-server.ts';
import { FormWay } from './form-way.tsx';
import { PasteWay } from './paste-way.tsx';

const WAYS = ['paste', 'command', 'form'] as const;
type Way = (typeof WAYS)[number];

interface AddServersProps {
  /** Undefined: closed. */
  readonly way: string | undefined;
  readonly setWay: (way: Way) => void;
  readonly close: () => void;
}

const FORM = 'add-servers';

export function AddServers({ way, setWay, close }: AddServersProps) {
  const say = useText();
  const navigate = useNavigate();
  const chosen = WAYS.find((each) => each === way) ?? 'paste';
  const added: Added = (names) => {
    notify(say('servers.added', { count: names.length, names: names.join(', ') }));
    const [only] = names;
    if (names.length === 1 && only !== undefined) void navigate({ to: '/servers/$name', params: { name: only } } as never);
    else close();
  };
  const footer = (
    <>
      <Button onClick={close}>{say('common.cancel')}</Button>
      <Button look="accent" type="submit" form={FORM}>
        {say(chosen === 'paste' ? 'servers.paste.next' : 'servers.add')}
      </Button>
    </>
  );
  return (
    <SidePanel isOpen={way !== undefined} close={close} title={say('servers.add')} footer={footer}>
      <div role="group" aria-label={say('servers.add')} className="mb-5 grid grid-cols-3 gap-1 rounded-lg bg-sunken p-1">
        {WAYS.map((each) => (
          <button
            key={each}
            type="button"
            aria-pressed={each === chosen}
            onClick={() => setWay(each)}
            className={classNames('rounded-md px-2 py-1.5 font-medium', each === chosen ? 'bg-surface shadow-xs' : 'text-soft hover:text-ink')}
          >
            {say(`servers.way.${each}`)}
          </button>
        ))}
      </div>
      {chosen === 'paste' && <PasteWay form={FORM} added={added} />}
      {chosen === 'command' && <CommandWay form={FORM} added={added} />}
      {chosen === 'form' && <FormWay form={FORM} added={added} />}
    </SidePanel>
  );
}
