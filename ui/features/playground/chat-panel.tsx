/** The chat itself, and beside it what it may use. */
import { useEffect, useState, useSyncExternalStore } from 'react';
import { type ApiProblem, toProblem } from '../../api/problem.ts';
import { CheckList } from '../../components/check-list.tsx';
import { SelectField, TextArea } from '../../components/form.tsx';
import { Section, Skeleton } from '../../components/page.tsx';
import { ProblemNotice } from '../../components/problem-notice.tsx';
import { useText } from '../../texts/texts.ts';
import { ASKING, type Asking, type Chat } from './chat.ts';
import { ChatLog } from './chat-log.tsx';
import { Composer } from './composer.tsx';
import { type OfferedTool, ToolSession } from './tool-session.ts';

interface ChatPanelProps {
  readonly chat: Chat;
  readonly endpoint: string;
  readonly names: readonly string[];
  readonly choose: (endpoint: string) => void;
}

/** Services take no more. */
const TOOLS_MAX = 128;
/** An inspection lives an hour: a new one is opened in time. */
const SESSION_MS = 50 * 60_000;

type Opened = { readonly session: ToolSession; readonly tools: readonly OfferedTool[] } | { readonly problem: ApiProblem } | undefined;

function useTools(endpoint: string): { readonly opened: Opened; readonly again: () => void } {
  const [opened, setOpened] = useState<Opened>();
  const [round, setRound] = useState(0);
  useEffect(() => {
    let isGone = false;
    const opening = ToolSession.open(endpoint);
    const timer = window.setTimeout(() => setRound(round + 1), SESSION_MS);
    opening.then(async (session) => ({ session, tools: await session.tools() })).then(
      (found) => isGone || setOpened(found),
      (thrown: unknown) => isGone || setOpened({ problem: toProblem(thrown) }),
    );
    return () => {
      isGone = true;
      window.clearTimeout(timer);
      void opening.then((session) => session.close()).catch(() => undefined);
    };
  }, [endpoint, round]);
  const again = (): void => {
    setOpened(undefined);
    setRound(round + 1);
  };
  return { opened, again };
}

export function ChatPanel({ chat, endpoint, names, choose }: ChatPanelProps) {
  const say = useText();
  const { opened, again } = useTools(endpoint);
  const [left, setLeft] = useState<readonly string[]>([]);
  const [asking, setAsking] = useState<Asking>('always');
  const [instructions, setInstructions] = useState('');
  const state = useSyncExternalStore(chat.subscribe, chat.state);
  if (opened === undefined) return <Skeleton rows={6} />;
  if ('problem' in opened) return <ProblemNotice problem={opened.problem} retry={again} />;
  const { session, tools } = opened;
  const used = tools.filter(({ name }) => !left.includes(name)).slice(0, TOOLS_MAX);
  const send = (text: string): void => void chat.send(text, { session, tools: used, asking, instructions });
  return (
    <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,1fr)_20rem]">
      <div className="panel flex min-h-[28rem] flex-col lg:h-[calc(100vh-13rem)]">
        <ChatLog chat={chat} state={state} />
        <Composer isBusy={state.isBusy} send={send} stop={() => chat.stop()} />
      </div>
      <Section title={say('playground.uses')}>
        <div className="grid gap-4">
          <SelectField label={say('playground.endpoint')} value={endpoint} set={choose} disabled={state.isBusy} options={[...new Set([...names, endpoint])].map((value) => ({ value, label: value }))} />
          <SelectField label={say('playground.asking')} help={say(`playground.askingHelp.${asking}`)} value={asking} set={(value) => setAsking(ASKING.find((each) => each === value) ?? 'always')} options={ASKING.map((value) => ({ value, label: say(`playground.askings.${value}`) }))} />
          <CheckList label={say('playground.tools', { used: used.length, count: tools.length })} options={tools.map(({ name, description }) => ({ value: name, text: name, help: description }))} chosen={used.map(({ name }) => name)} choose={(chosen) => setLeft(tools.map(({ name }) => name).filter((name) => !chosen.includes(name)))} />
          <TextArea label={say('playground.instructions')} help={say('playground.instructionsHelp')} value={instructions} set={setInstructions} rows={3} />
          {state.tokens.in + state.tokens.out > 0 && <p className="text-soft tabular-nums">{say('playground.tokens', { in: state.tokens.in, out: state.tokens.out })}</p>}
        </div>
      </Section>
    </div>
  );
}
