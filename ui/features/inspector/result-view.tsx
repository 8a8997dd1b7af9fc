/** What came back: content as it is meant to be seen, and the whole of it as JSON. */
import { useState } from 'react';
import { Badge } from '../../components/badge.tsx';
import { Button } from '../../components/button.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { JsonView } from '../../components/json-view.tsx';
import { useFormats } from '../../texts/formats.ts';
import { useText } from '../../texts/texts.ts';
import type { CallState } from './use-call.ts';
import { isObject, type JsonObject, objectsIn, RpcError, textIn } from '../../mcp/protocol.ts';

export function CallResult({ call }: { readonly call: CallState }) {
  const say = useText();
  const formats = useFormats();
  if (call.phase === 'idle') return null;
  if (call.phase === 'running') return <Running call={call} />;
  return (
    <section aria-label={say('inspector.result')} className="grid gap-3 border-t border-line pt-4">
      <h3 className="flex flex-wrap items-center gap-2 font-semibold">
        {say('inspector.result')}
        <Badge tone={call.phase === 'failed' || call.result['isError'] === true ? 'bad' : 'good'} hasDot>
          {say(call.phase === 'failed' ? 'inspector.failed' : call.result['isError'] === true ? 'inspector.toolError' : 'inspector.ok')}
        </Badge>
        <span className="font-normal text-soft tabular-nums">{formats.duration(call.durationMs)}</span>
      </h3>
      {call.phase === 'failed' ? <Failure error={call.error} /> : <ResultView result={call.result} />}
    </section>
  );
}

function Running({ call }: { readonly call: Extract<CallState, { phase: 'running' }> }) {
  const say = useText();
  const { progress, cancel } = call;
  const [done, total] = [progress?.['progress'], progress?.['total']];
  return (
    <section className="grid gap-2 border-t border-line pt-4" aria-live="polite">
      <div className="flex items-center justify-between gap-3">
        <span>
          {say('inspector.running')}
          {typeof done === 'number' && ` ${done}${typeof total === 'number' ? ` / ${total}` : ''}`}
        </span>
        <Button size="small" icon="close" onClick={cancel}>
          {say('inspector.cancelCall')}
        </Button>
      </div>
      <progress className="h-1.5 w-full accent-accent" aria-label={say('inspector.progress')} {...(typeof done === 'number' && typeof total === 'number' && { value: done, max: total })} />
      <ForeignText className="text-soft">{textIn(progress, 'message') ?? ''}</ForeignText>
    </section>
  );
}

export function Failure({ error }: { readonly error: unknown }) {
  const say = useText();
  const isRpc = error instanceof RpcError;
  return (
    <div role="alert" className="grid gap-2 rounded-lg border border-bad/30 bg-bad-wash px-3.5 py-2.5">
      <ForeignText className="font-medium">{error instanceof Error ? error.message : String(error)}</ForeignText>
      {isRpc && <p className="text-soft">{say('inspector.errorCode', { code: error.code, status: error.status })}</p>}
      {isRpc && error.data !== undefined && <JsonView label={say('inspector.errorData')} value={error.data} />}
    </div>
  );
}

function ResultView({ result }: { readonly result: JsonObject }) {
  const say = useText();
  const [isRaw, setRaw] = useState(false);
  const structured = result['structuredContent'];
  const messages = objectsIn(result['messages']);
  return (
    <>
      {isRaw ? (
        <JsonView label={say('inspector.raw')} value={result} />
      ) : (
        <>
          {[...objectsIn(result['content']), ...objectsIn(result['contents'])].map((block, index) => (
            <ContentBlock key={index} block={block} />
          ))}
          {messages.map((message, index) => (
            <div key={index} className="grid gap-1">
              <Badge>{textIn(message, 'role') ?? ''}</Badge>
              {isObject(message['content']) && <ContentBlock block={message['content']} />}
            </div>
          ))}
          {structured !== undefined && (
            <div>
              <p className="mb-1 text-soft">{say('inspector.structured')}</p>
              <JsonView label={say('inspector.structured')} value={structured} />
            </div>
          )}
        </>
      )}
      <div>
        <Button size="small" look="quiet" onClick={() => setRaw(!isRaw)}>
          {say(isRaw ? 'inspector.showContent' : 'inspector.showRaw')}
        </Button>
      </div>
    </>
  );
}

/** Pictures are shown from their own bytes only: nothing is ever loaded from elsewhere. */
const IMAGE = /^image\/(?:png|jpeg|gif|webp|avif)$/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

export function ContentBlock({ block }: { readonly block: JsonObject }) {
  const say = useText();
  const inner = isObject(block['resource']) ? block['resource'] : block;
  const text = textIn(inner, 'text');
  const bytes = textIn(inner, 'data') ?? textIn(inner, 'blob');
  const mime = textIn(inner, 'mimeType') ?? '';
  const uri = textIn(inner, 'uri');
  return (
    <div className="min-w-0">
      {uri !== undefined && (
        <p className="mb-1 font-mono text-[0.93em] text-soft">
          <ForeignText>{uri}</ForeignText>
        </p>
      )}
      {text !== undefined && <TextBlock text={text} />}
      {bytes !== undefined && IMAGE.test(mime) && BASE64.test(bytes) ? (
        <img src={`data:${mime};base64,${bytes}`} alt={say('inspector.imageOf', { type: mime })} className="max-h-80 max-w-full rounded-md border border-line" />
      ) : (
        bytes !== undefined && <p className="text-soft">{say('inspector.bytes', { count: Math.floor((bytes.length * 3) / 4), type: mime === '' ? '?' : mime })}</p>
      )}
      {text === undefined && bytes === undefined && <JsonView label={textIn(block, 'type') ?? 'JSON'} value={block} />}
    </div>
  );
}

function TextBlock({ text }: { readonly text: string }) {
  const say = useText();
  return <JsonView label={say('inspector.textBlock')} value={text} className="whitespace-pre-wrap" />;
}
