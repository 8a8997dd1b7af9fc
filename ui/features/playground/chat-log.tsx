/** What was said and called, newest last. All of it is text of others: the model's, the tools'. */
import { useEffect, useRef } from 'react';
import { Badge, type Tone } from '../../components/badge.tsx';
import { Button, Spinner } from '../../components/button.tsx';
import { classNames } from '../../components/class-names.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { JsonView } from '../../components/json-view.tsx';
import { ProblemNotice } from '../../components/problem-notice.tsx';
import { useText } from '../../texts/texts.ts';
import type { Chat, ChatState, Entry } from './chat.ts';

export function ChatLog({ chat, state }: { readonly chat: Chat; readonly state: ChatState }) {
  const say = useText();
  const box = useRef<HTMLDivElement>(null);
  const { entries, isBusy } = state;
  useEffect(() => {
    box.current?.scrollTo({ top: box.current.scrollHeight });
  }, [entries]);
  const isThinking = isBusy && entries.every((entry) => entry.kind !== 'call' || (entry.state !== 'waiting' && entry.state !== 'running'));
  return (
    <div ref={box} role="log" tabIndex={0} aria-label={say('playground.log')} className="scrolls min-h-0 flex-1 overflow-y-auto p-4 focus-visible:-outline-offset-2">
      {entries.length === 0 && (
        <EmptyState icon="chat" title={say('playground.start')}>
          {say('playground.startHelp')}
        </EmptyState>
      )}
      <div className="grid gap-3">
        {entries.map((entry) => (
          <EntryView key={entry.id} entry={entry} chat={chat} />
        ))}
        {isThinking && (
          <p className="flex items-center gap-2 text-soft">
            <Spinner /> {say('playground.answering')}
          </p>
        )}
      </div>
    </div>
  );
}

function EntryView({ entry, chat }: { readonly entry: Entry; readonly chat: Chat }) {
  const say = useText();
  if (entry.kind === 'failure') return <ProblemNotice problem={entry.problem} />;
  if (entry.kind === 'call') return <CallView entry={entry} chat={chat} />;
  const isOwn = entry.kind === 'user';
  return (
    <div className={classNames('max-w-[85%] min-w-0 rounded-lg px-3.5 py-2', isOwn ? 'ml-auto bg-accent-wash' : 'mr-auto bg-sunken')}>
      <p className="sr-only">{say(isOwn ? 'playground.you' : 'playground.modelSaid')}</p>
      <ForeignText isBlock>{entry.text}</ForeignText>
    </div>
  );
}

const TONES: Readonly<Record<Extract<Entry, { kind: 'call' }>['state'], Tone>> = { waiting: 'warn', running: 'accent', ok: 'good', error: 'bad', declined: 'plain' };

function CallView({ entry, chat }: { readonly entry: Extract<Entry, { kind: 'call' }>; readonly chat: Chat }) {
  const say = useText();
  const isWaiting = entry.state === 'waiting';
  return (
    <section aria-label={say('playground.callOf', { name: entry.name })} className={classNames('grid gap-2 rounded-lg border p-3', isWaiting ? 'border-warn/60' : 'border-line')}>
      <div className="flex flex-wrap items-center gap-2">
        <code className="font-semibold">
          <ForeignText>{entry.name}</ForeignText>
        </code>
        <Badge tone={TONES[entry.state]} hasDot>
          {say(`playground.states.${entry.state}`)}
        </Badge>
      </div>
      <JsonView label={say('playground.arguments')} value={entry.arguments === '' ? '{}' : entry.arguments} />
      {isWaiting && (
        <div className="flex flex-wrap gap-2">
          <Button look="accent" size="small" icon="check" onClick={() => chat.decide(entry.id, 'call')}>
            {say('playground.allow')}
          </Button>
          <Button size="small" onClick={() => chat.decide(entry.id, 'always')}>
            {say('playground.allowAlways')}
          </Button>
          <Button look="danger" size="small" onClick={() => chat.decide(entry.id, 'decline')}>
            {say('playground.decline')}
          </Button>
        </div>
      )}
      {entry.result !== undefined && entry.state !== 'declined' && (
        <details>
          <summary className="text-soft">{say('playground.result')}</summary>
          <JsonView label={say('playground.result')} value={entry.result} className="whitespace-pre-wrap" />
        </details>
      )}
    </section>
  );
}
