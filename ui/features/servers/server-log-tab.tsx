/** The last words of a server, as they come. */
import { useEffect, useRef, useState } from 'react';
import { EmptyState } from '../../components/empty-state.tsx';
import { CopyButton } from '../../components/code.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { SwitchField } from '../../components/form.tsx';
import { useText } from '../../texts/texts.ts';
import type { Server } from './server-state.tsx';

export function ServerLogTab({ server }: { readonly server: Server }) {
  const say = useText();
  const [isFollowed, follow] = useState(true);
  const box = useRef<HTMLPreElement>(null);
  useEffect(() => {
    if (isFollowed && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [isFollowed, server.stderrTail]);
  if (server.type !== 'stdio') return <Nothing text={say('servers.log.remote')} />;
  if (server.stderrTail === '') return <Nothing text={say('servers.log.empty')} />;
  return (
    <div className="panel overflow-hidden">
      <div className="flex flex-wrap items-center justify-between gap-3 border-b border-line px-4 py-2.5">
        <SwitchField label={say('servers.log.follow')} isOn={isFollowed} set={follow} />
        <CopyButton text={server.stderrTail} />
      </div>
      <pre ref={box} tabIndex={0} aria-label={say('servers.tab.log')} className="scrolls max-h-[65vh] overflow-auto p-4">
        <ForeignText isBlock charsMax={200_000}>
          {server.stderrTail}
        </ForeignText>
      </pre>
    </div>
  );
}

function Nothing({ text }: { readonly text: string }) {
  return (
    <div className="panel">
      <EmptyState icon="terminal" title={text} />
    </div>
  );
}
