/** Around one thing that can be called: its name and words, what was saved of it, and how to call it elsewhere. */
import { type ReactNode, useState } from 'react';
import { Badge } from '../../components/badge.tsx';
import { Button, IconButton } from '../../components/button.tsx';
import { CodeBlock } from '../../components/code.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { Form, TextField } from '../../components/form.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { Menu } from '../../components/menu.tsx';
import { useText } from '../../texts/texts.ts';
import { type JsonObject, isObject, textIn } from '../../mcp/protocol.ts';
import { type SavedCall, useSavedCalls } from './saved-calls.ts';
import { useSession } from './session-context.ts';
import { type Shown, toCurl, toPython, toTypeScript } from './snippets.ts';

interface CallCardProps {
  readonly item: JsonObject;
  readonly name: string;
  /** What its saved calls are kept under: tools, prompts, templates. */
  readonly what: string;
  readonly values: JsonObject;
  readonly load: (values: JsonObject) => void;
  readonly shown: Omit<Shown, 'era' | 'url'>;
  readonly children: ReactNode;
}

const HINTS = ['readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint'] as const;

export function CallCard({ item, name, what, values, load, shown, children }: CallCardProps) {
  const say = useText();
  const session = useSession();
  const { kind, name: target } = session.target;
  const saved = useSavedCalls(`${kind}.${target}`, what);
  const [isSaving, setSaving] = useState(false);
  const [language, setLanguage] = useState<keyof typeof SNIPPETS>();
  const own = saved.calls.filter((call) => call.item === name);
  const annotations = isObject(item['annotations']) ? item['annotations'] : {};
  // A server or namespace has no address of its own: the inspection's holds for an hour.
  const url = kind === 'endpoint' ? `${window.location.origin}/metamcp/${encodeURIComponent(target)}/mcp` : session.url;
  return (
    <section className="panel min-w-0">
      <header className="flex items-start justify-between gap-3 border-b border-line px-4 py-3">
        <div className="min-w-0">
          <h2 className="text-[1.07rem] font-semibold">
            <ForeignText>{textIn(item, 'title') ?? name}</ForeignText>
          </h2>
          <p className="font-mono text-[0.93em] text-soft">
            <ForeignText>{name}</ForeignText>
          </p>
          <div className="mt-1 flex flex-wrap gap-1.5">
            {HINTS.filter((hint) => typeof annotations[hint] === 'boolean').map((hint) => (
              <Badge key={hint} tone={hint === 'destructiveHint' && annotations[hint] === true ? 'bad' : 'plain'}>{`${hint}: ${String(annotations[hint])}`}</Badge>
            ))}
          </div>
        </div>
        <Menu
          trigger={
            <Button icon="copy" size="small">
              {say('inspector.copyAs')}
            </Button>
          }
          items={(Object.keys(SNIPPETS) as (keyof typeof SNIPPETS)[]).map((each) => ({ text: SNIPPETS[each].text, onSelect: () => setLanguage(each) }))}
        />
      </header>
      <div className="grid gap-4 p-4">
        {textIn(item, 'description') !== undefined && (
          <p className="max-w-prose">
            <ForeignText isBlock charsMax={2_000}>{textIn(item, 'description')}</ForeignText>
          </p>
        )}
        <div className="flex flex-wrap items-center gap-1.5">
          {own.map((call) => (
            <span key={call.title} className="inline-flex items-center rounded-full border border-line bg-canvas pl-2.5">
              <button type="button" className="py-0.5 hover:underline" onClick={() => load(call.values)}>
                {call.title}
              </button>
              <IconButton icon="close" size="small" label={say('inspector.forget', { name: call.title })} onClick={() => saved.remove(call)} />
            </span>
          ))}
          <Button size="small" look="quiet" icon="plus" onClick={() => setSaving(true)}>
            {say('inspector.saveCall')}
          </Button>
        </div>
        {children}
      </div>
      {isSaving && <SaveDialog close={() => setSaving(false)} save={(title) => saved.save({ title, item: name, values } satisfies SavedCall)} />}
      {language !== undefined && (
        <Dialog isOpen close={() => setLanguage(undefined)} width="wide" title={SNIPPETS[language].text} description={say(kind === 'endpoint' ? 'inspector.snippetHelp' : 'inspector.snippetHour')}>
          <CodeBlock label={SNIPPETS[language].text} text={SNIPPETS[language].make({ ...shown, era: session.target.era, url })} />
        </Dialog>
      )}
    </section>
  );
}

const SNIPPETS = { curl: { text: 'curl', make: toCurl }, typescript: { text: 'TypeScript', make: toTypeScript }, python: { text: 'Python', make: toPython } } as const;

function SaveDialog({ close, save }: { readonly close: () => void; readonly save: (title: string) => void }) {
  const say = useText();
  const [title, setTitle] = useState('');
  const submit = (): void => {
    if (title.trim() === '') return;
    save(title.trim());
    close();
  };
  return (
    <Dialog isOpen close={close} width="narrow" title={say('inspector.saveCall')} description={say('inspector.saveHelp')}>
      <Form problem={undefined} submit={submit}>
        <TextField label={say('common.name')} value={title} set={setTitle} autoFocus maxLength={80} />
        <div className="flex justify-end gap-2">
          <Button onClick={close}>{say('common.cancel')}</Button>
          <Button type="submit" look="accent" disabled={title.trim() === ''}>
            {say('common.save')}
          </Button>
        </div>
      </Form>
    </Dialog>
  );
}
