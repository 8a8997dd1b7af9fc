/** Raw messages of both legs, side by side: between this page and the gateway, and between the gateway and its servers. */
import { type ReactNode, useEffect } from 'react';
import { Badge } from '../../components/badge.tsx';
import { Button } from '../../components/button.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { JsonView } from '../../components/json-view.tsx';
import { useFormats } from '../../texts/formats.ts';
import { useText } from '../../texts/texts.ts';
import { isObject, textIn } from '../../mcp/protocol.ts';
import { useSession, useSessionState } from './session-context.ts';

const PULL_MS = 1_000;

export function MessagesTab() {
  const say = useText();
  const session = useSession();
  const { messages, upstream } = useSessionState();
  useEffect(() => {
    const pull = (): void => void session.pullUpstream().catch(() => undefined);
    pull();
    const timer = window.setInterval(pull, PULL_MS);
    return () => window.clearInterval(timer);
  }, [session]);
  return (
    <div className="grid gap-3">
      <div className="flex justify-end">
        <Button size="small" icon="trash" onClick={() => session.clear()}>
          {say('inspector.clear')}
        </Button>
      </div>
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <Leg title={say('inspector.clientLeg')} help={say('inspector.clientLegHelp')} none={say('inspector.noMessages')}>
          {messages.toReversed().map(({ sequence, at, direction, message }) => (
            <Message key={sequence} at={at} direction={direction} summary={summaryOf(message)} value={message} />
          ))}
        </Leg>
        <Leg title={say('inspector.serverLeg')} help={say('inspector.serverLegHelp')} none={say('inspector.noMessages')}>
          {upstream.toReversed().map(({ sequence, at, direction, server, text, isCut }) => (
            <Message key={sequence} at={at} direction={direction} server={server} summary={summaryOf(parse(text))} value={text} isCut={isCut} />
          ))}
        </Leg>
      </div>
    </div>
  );
}

function Leg({ title, help, none, children }: { readonly title: string; readonly help: string; readonly none: string; readonly children: readonly ReactNode[] }) {
  return (
    <section className="panel min-w-0">
      <header className="border-b border-line px-4 py-2.5">
        <h2 className="font-semibold">{title}</h2>
        <p className="text-soft">{help}</p>
      </header>
      <ol aria-label={title} tabIndex={0} className="scrolls max-h-[65vh] overflow-y-auto">
        {children.length === 0 ? <li className="p-4 text-soft">{none}</li> : children}
      </ol>
    </section>
  );
}

interface MessageProps {
  readonly at: string;
  readonly direction: 'sent' | 'received';
  readonly summary: string;
  readonly value: unknown;
  readonly server?: string;
  readonly isCut?: boolean;
}

function Message({ at, direction, summary, value, server, isCut = false }: MessageProps) {
  const say = useText();
  const formats = useFormats();
  return (
    <li className="border-b border-line last:border-b-0">
      <details>
        <summary className="flex items-center gap-2 px-4 py-2 hover:bg-canvas">
          <span className={direction === 'sent' ? 'text-accent' : 'text-good'}>
            <span aria-hidden>{direction === 'sent' ? '→' : '←'}</span>
            <span className="sr-only">{say(`inspector.${direction}`)}</span>
          </span>
          <span className="min-w-0 flex-1 truncate font-mono text-[0.93em]">
            <ForeignText charsMax={200}>{summary}</ForeignText>
          </span>
          {isCut && <Badge tone="warn">{say('traffic.cut')}</Badge>}
          {server !== undefined && <Badge>{server}</Badge>}
          <span className="text-soft tabular-nums">{formats.time(at)}</span>
        </summary>
        <div className="px-4 pb-3">
          <JsonView label={summary} value={value} />
        </div>
      </details>
    </li>
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `tools/call #3`, `result #3`, `error #3`. */
function summaryOf(message: unknown): string {
  if (!isObject(message)) return '…';
  const id = message['id'] === undefined ? '' : ` #${String(message['id'])}`;
  const method = textIn(message, 'method');
  if (method !== undefined) return method + id;
  return (message['error'] === undefined ? 'result' : 'error') + id;
}
