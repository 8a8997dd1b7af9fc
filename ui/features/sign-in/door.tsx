/** The frame of the pages before the sign-in. */
import { type ReactNode, useEffect } from 'react';
import { LANGUAGES, type Language, switchLanguage, useLanguage, useText } from '../../texts/texts.ts';

interface DoorProps {
  readonly title: string;
  readonly lead?: ReactNode;
  readonly children: ReactNode;
}

export function Door({ title, lead, children }: DoorProps) {
  const say = useText();
  const language = useLanguage();
  useEffect(() => {
    document.title = `${title} · MetaMCP`;
  }, [title]);
  return (
    <main className="grid min-h-screen content-start justify-items-center gap-6 px-4 py-[10vh]">
      <div className="flex items-center gap-2.5 text-[1.3rem] font-semibold tracking-tight">
        <img src="/favicon.svg" alt="" className="size-8" />
        MetaMCP
      </div>
      <div className="panel w-full max-w-sm p-6">
        <h1 className="text-[1.3rem] font-semibold tracking-tight">{title}</h1>
        {lead !== undefined && <p className="mt-1 text-soft">{lead}</p>}
        <div className="mt-5 grid gap-4">{children}</div>
      </div>
      <select aria-label={say('door.language')} className="field w-auto" value={language} onChange={(event) => void switchLanguage(event.target.value as Language)}>
        {Object.entries(LANGUAGES).map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </main>
  );
}
