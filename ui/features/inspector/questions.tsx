/** What a server asks the client, answered by hand: sampling, elicitation (form and address), roots. */
import { useState } from 'react';
import { Badge } from '../../components/badge.tsx';
import { Button, buttonClass } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { SwitchField, TextArea, TextField } from '../../components/form.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { useText } from '../../texts/texts.ts';
import type { Question } from './inspector-session.ts';
import { isObject, objectsIn, textIn } from '../../mcp/protocol.ts';
import { ContentBlock } from './result-view.tsx';
import { defaultsOf, missingIn, SchemaForm } from './schema-form.tsx';
import { useSession, useSessionState } from './session-context.ts';

/** The first that waits; the others come when it is answered. */
export function Questions() {
  const { questions } = useSessionState();
  const question = questions[0];
  return question === undefined ? null : <QuestionDialog key={question.id} question={question} waiting={questions.length - 1} />;
}

const KNOWN = { 'sampling/createMessage': Sampling, 'elicitation/create': Elicitation, 'roots/list': Roots } as const;

function QuestionDialog({ question, waiting }: { readonly question: Question; readonly waiting: number }) {
  const say = useText();
  const { method, params, refuse, answer } = question;
  const Body = KNOWN[method as keyof typeof KNOWN] ?? Unknown;
  // Closing an elicitation is an answer of its own: "cancel".
  const close = method === 'elicitation/create' ? () => answer({ action: 'cancel' }) : refuse;
  const title = method in KNOWN ? say(`inspector.ask.${method === 'elicitation/create' && params['mode'] === 'url' ? 'url' : TITLES[method as keyof typeof KNOWN]}`) : method;
  return (
    <Dialog isOpen close={close} title={title} description={waiting > 0 ? say('inspector.ask.more', { count: waiting }) : undefined} width="normal">
      <Body question={question} />
    </Dialog>
  );
}

const TITLES = { 'sampling/createMessage': 'sampling', 'elicitation/create': 'form', 'roots/list': 'roots' } as const;

interface BodyProps {
  readonly question: Question;
}

function Sampling({ question: { params, answer, refuse } }: BodyProps) {
  const say = useText();
  const [text, setText] = useState('');
  const [model, setModel] = useState('by-hand');
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        answer({ role: 'assistant', content: { type: 'text', text }, model, stopReason: 'endTurn' });
      }}
    >
      {textIn(params, 'systemPrompt') !== undefined && (
        <p className="text-soft">
          <ForeignText isBlock>{textIn(params, 'systemPrompt')}</ForeignText>
        </p>
      )}
      {objectsIn(params['messages']).map((message, index) => (
        <div key={index} className="grid gap-1">
          <div>
            <Badge>{textIn(message, 'role') ?? ''}</Badge>
          </div>
          {(Array.isArray(message['content']) ? objectsIn(message['content']) : [message['content']].filter(isObject)).map((block, at) => (
            <ContentBlock key={at} block={block} />
          ))}
        </div>
      ))}
      <TextArea label={say('inspector.ask.answer')} value={text} set={setText} rows={4} autoFocus />
      <TextField label={say('inspector.ask.model')} value={model} set={setModel} />
      <div className="flex justify-end gap-2">
        <Button look="danger" onClick={refuse}>
          {say('inspector.ask.refuse')}
        </Button>
        <Button type="submit" look="accent">
          {say('inspector.ask.send')}
        </Button>
      </div>
    </form>
  );
}

function Elicitation({ question }: BodyProps) {
  return question.params['mode'] === 'url' ? <AddressElicitation question={question} /> : <FormElicitation question={question} />;
}

function FormElicitation({ question: { params, answer } }: BodyProps) {
  const say = useText();
  const schema = params['requestedSchema'];
  const [values, setValues] = useState(() => defaultsOf(schema));
  const missing = missingIn(schema, values);
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        answer({ action: 'accept', content: values });
      }}
    >
      <p>
        <ForeignText isBlock>{textIn(params, 'message')}</ForeignText>
      </p>
      <SchemaForm schema={schema} values={values} set={setValues} />
      <p className="text-soft">{say('inspector.ask.noSecrets')}</p>
      {missing.length > 0 && <p className="text-warn">{say('inspector.missing', { names: missing.join(', ') })}</p>}
      <div className="flex justify-end gap-2">
        <Button onClick={() => answer({ action: 'cancel' })}>{say('common.cancel')}</Button>
        <Button look="danger" onClick={() => answer({ action: 'decline' })}>
          {say('inspector.ask.decline')}
        </Button>
        <Button type="submit" look="accent">
          {say('inspector.ask.accept')}
        </Button>
      </div>
    </form>
  );
}

/** The address is shown whole and its host by itself; only http and https can be opened, in a window that knows nothing of this one. */
function AddressElicitation({ question: { params, answer } }: BodyProps) {
  const say = useText();
  const address = textIn(params, 'url') ?? '';
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const isOpenable = url !== undefined && (url.protocol === 'https:' || url.protocol === 'http:');
  return (
    <div className="grid gap-4">
      <p>
        <ForeignText isBlock>{textIn(params, 'message')}</ForeignText>
      </p>
      <div className="rounded-md bg-sunken p-3">
        <p className="font-semibold">{url?.host ?? say('inspector.ask.noAddress')}</p>
        <p className="font-mono text-[0.93em]">
          <ForeignText>{address}</ForeignText>
        </p>
      </div>
      <div className="flex flex-wrap justify-end gap-2">
        <Button onClick={() => answer({ action: 'cancel' })}>{say('common.cancel')}</Button>
        <Button look="danger" onClick={() => answer({ action: 'decline' })}>
          {say('inspector.ask.decline')}
        </Button>
        {isOpenable && (
          <a href={url.href} target="_blank" rel="noopener noreferrer" className={buttonClass()}>
            {say('inspector.ask.open')}
          </a>
        )}
        <Button look="accent" onClick={() => answer({ action: 'accept' })}>
          {say('inspector.ask.accept')}
        </Button>
      </div>
    </div>
  );
}

function Roots({ question: { answer, refuse } }: BodyProps) {
  const say = useText();
  const session = useSession();
  const [isRemembered, remember] = useState(true);
  const [text, setText] = useState('file:///tmp');
  const roots = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((uri) => ({ uri, name: uri.split('/').at(-1) ?? uri }));
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (isRemembered) session.remember('roots/list', { roots });
        answer({ roots });
      }}
    >
      <TextArea label={say('inspector.ask.rootsLabel')} help={say('inspector.ask.rootsHelp')} isMono value={text} set={setText} rows={4} autoFocus />
      <SwitchField label={say('inspector.ask.remember')} isOn={isRemembered} set={remember} />
      <div className="flex justify-end gap-2">
        <Button look="danger" onClick={refuse}>
          {say('inspector.ask.refuse')}
        </Button>
        <Button type="submit" look="accent">
          {say('inspector.ask.send')}
        </Button>
      </div>
    </form>
  );
}

/** Nobody knows what to answer: as JSON, or not at all. */
function Unknown({ question: { params, refuse } }: BodyProps) {
  const say = useText();
  return (
    <div className="grid gap-4">
      <ContentBlock block={params} />
      <div className="flex justify-end">
        <Button look="danger" onClick={refuse}>
          {say('inspector.ask.refuse')}
        </Button>
      </div>
    </div>
  );
}
