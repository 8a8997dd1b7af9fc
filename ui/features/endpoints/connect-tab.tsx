/** How each MCP client is told of the endpoint: the file, its exact shape, and whether to start again. */
import { useState } from 'react';
import { useMay } from '../../api/me.ts';
import { useChange } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { classNames } from '../../components/class-names.ts';
import { CodeBlock, Copyable } from '../../components/code.tsx';
import { Section } from '../../components/page.tsx';
import { useUrlState } from '../../components/url-state.ts';
import { useText } from '../../texts/texts.ts';
import { type Endpoint, isOpen } from './endpoints-page.tsx';
import { SNIPPETS, type Snippet, type System } from './snippets.ts';

const SYSTEMS = { linux: 'Linux', mac: 'macOS', windows: 'Windows' } as const satisfies Record<System, string>;
/** Stands for a key that nobody made here. */
const KEY_PLACEHOLDER = 'YOUR_API_KEY';

export function ConnectTab({ endpoint }: { readonly endpoint: Endpoint }) {
  const say = useText();
  const [chosen, choose] = useUrlState('client', SNIPPETS[0]?.id);
  const [system, setSystem] = useUrlState('os', ownSystem());
  const [madeKey, setMadeKey] = useState<string>();
  const snippet = SNIPPETS.find(({ id }) => id === chosen) ?? SNIPPETS[0];
  if (snippet === undefined) return null;
  const needsKey = endpoint.auth.apiKey && !(endpoint.auth.oauth !== false && snippet.hasSignIn && madeKey === undefined);
  const text = snippet.text({ name: endpoint.name, url: endpoint.mcpUrl, key: needsKey ? (madeKey ?? KEY_PLACEHOLDER) : undefined });
  return (
    <Section title={say('endpoints.connectTitle')} lead={say('endpoints.connectLead')}>
      <div className="grid gap-5 md:grid-cols-[12rem_minmax(0,1fr)]">
        <div role="group" aria-label={say('endpoints.client')} className="flex gap-1 overflow-x-auto md:grid md:content-start">
          {SNIPPETS.map(({ id, client }) => (
            <button
              key={id}
              type="button"
              aria-pressed={id === snippet.id}
              onClick={() => choose(id)}
              className={classNames('shrink-0 rounded-md px-2.5 py-1.5 text-left whitespace-nowrap', id === snippet.id ? 'bg-accent-wash font-medium text-accent' : 'text-soft hover:bg-hover hover:text-ink')}
            >
              {id === 'stdio' ? say('endpoints.otherStdio') : client}
            </button>
          ))}
        </div>
        <div className="grid min-w-0 content-start gap-4">
          {needsKey && <KeyForIt endpoint={endpoint} madeKey={madeKey} made={setMadeKey} />}
          {!needsKey && !isOpen(endpoint) && <p className="text-soft">{say('endpoints.signsIn')}</p>}
          <Place snippet={snippet} system={system in SYSTEMS ? (system as System) : 'linux'} setSystem={setSystem} />
          <CodeBlock text={text} label={say('endpoints.snippetFor', { client: snippet.client })} />
          <p className="text-soft">{say(snippet.needsRestart ? 'endpoints.restartNeeded' : 'endpoints.restartNotNeeded')}</p>
        </div>
      </div>
    </Section>
  );
}

interface KeyForItProps {
  readonly endpoint: Endpoint;
  readonly madeKey: string | undefined;
  readonly made: (value: string) => void;
}

function KeyForIt({ endpoint, madeKey, made }: KeyForItProps) {
  const say = useText();
  const mayCreate = useMay('key:create');
  const create = useChange('POST /api/v1/keys', { done: ({ value }) => made(value) });
  if (madeKey !== undefined) return <p className="rounded-lg border border-good/30 bg-good-wash px-4 py-2.5">{say('endpoints.keyMade')}</p>;
  return (
    <div className="flex flex-wrap items-center justify-between gap-3 rounded-lg border border-line bg-canvas px-4 py-2.5">
      <p>{say('endpoints.needsKey')}</p>
      {mayCreate && (
        <Button icon="key" isBusy={create.isRunning} onClick={() => create.run({ body: { name: say('endpoints.keyName', { endpoint: endpoint.name }), endpoints: [endpoint.name] } })}>
          {say('endpoints.makeKey')}
        </Button>
      )}
    </div>
  );
}

interface PlaceProps {
  readonly snippet: Snippet;
  readonly system: System;
  readonly setSystem: (system: System) => void;
}

function Place({ snippet, system, setSystem }: PlaceProps) {
  const say = useText();
  if (snippet.file === undefined) return <p>{say(snippet.language === 'shell' ? 'endpoints.runThis' : snippet.id === 'stdio' ? 'endpoints.stdioHelp' : 'endpoints.enterThis')}</p>;
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
      <span>{say('endpoints.mergeInto')}</span>
      <Copyable text={snippet.file[system]} />
      <select aria-label={say('endpoints.system')} className="field w-auto" value={system} onChange={(event) => setSystem(event.target.value as System)}>
        {Object.entries(SYSTEMS).map(([value, name]) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
      </select>
    </div>
  );
}

function ownSystem(): System {
  if (/mac|iphone|ipad/i.test(navigator.userAgent)) return 'mac';
  return /windows/i.test(navigator.userAgent) ? 'windows' : 'linux';
}
