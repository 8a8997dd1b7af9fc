/** One request: what became of it, where its time went, what it said and what was answered. */
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useRead } from '../../api/queries.ts';
import { Badge, type Tone } from '../../components/badge.tsx';
import { Button } from '../../components/button.tsx';
import { SidePanel } from '../../components/dialog.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { JsonView } from '../../components/json-view.tsx';
import { Facts, Loaded } from '../../components/page.tsx';
import { useFormats } from '../../texts/formats.ts';
import { useText } from '../../texts/texts.ts';
import { OutcomeBadge } from './outcome-badge.tsx';
import { type CallDetail, subjectOf } from './traffic-call.ts';
import { Waterfall } from './waterfall.tsx';

interface CallPanelProps {
  readonly id: string | undefined;
  readonly close: () => void;
  readonly limit: (id: string) => void;
}

export function CallPanel({ id, close, limit }: CallPanelProps) {
  const say = useText();
  const call = useRead('GET /api/v1/traffic/{id}', { params: { id: id ?? 'none' } }, { enabled: id !== undefined });
  const isRight = call.data?.id === id;
  const footer = id !== undefined && isRight && call.data?.endpoint?.startsWith('~') === false && (
    <Button icon="gauge" onClick={() => limit(id)}>
      {say('traffic.limitThis')}
    </Button>
  );
  return (
    <SidePanel isOpen={id !== undefined} close={close} width="wide" title={isRight && call.data !== undefined ? <ForeignText charsMax={200}>{subjectOf(call.data)}</ForeignText> : say('traffic.request')} footer={footer || undefined}>
      {(isRight || call.data === undefined) && <Loaded read={call}>{(detail) => <Detail call={detail} />}</Loaded>}
    </SidePanel>
  );
}

function Detail({ call }: { readonly call: CallDetail }) {
  const say = useText();
  return (
    <div className="grid gap-6">
      <What call={call} />
      <Part title={say('traffic.timing')}>
        <Waterfall stages={call.stages} totalMs={call.durationMs ?? 0} />
      </Part>
      {call.decision !== null && <Decision decision={call.decision} />}
      <Payload title={say('traffic.arguments')} payload={call.arguments} digest={call.argumentsDigest} />
      <Payload title={say('traffic.result')} payload={call.result} digest={call.resultDigest} />
      {call.records.length > 0 && (
        <p className="text-soft">
          <Link to="/audit" search={{ call: call.id } as never} className="text-accent underline">
            {say('traffic.inAudit', { positions: call.records.join(', ') })}
          </Link>
        </p>
      )}
    </div>
  );
}

function What({ call }: { readonly call: CallDetail }) {
  const say = useText();
  const formats = useFormats();
  const { principal, server } = call;
  return (
    <Facts
      facts={[
        [say('traffic.outcome'), <Outcome key="outcome" call={call} />],
        [say('common.time'), formats.instant(call.at)],
        [say('traffic.principal'), principal === null ? say('traffic.nobody') : <ForeignText key="principal">{`${principal.name} (${principal.kind})`}</ForeignText>],
        [say('traffic.client'), <ForeignText key="client">{call.client ?? '–'}</ForeignText>],
        [say('traffic.method'), <code key="method">{call.method ?? '–'}</code>],
        [say('traffic.endpoint'), call.endpoint ?? '–'],
        [say('traffic.server'), server === null ? '–' : <ServerLink key="server" name={server} />],
        [say('traffic.tool'), <ForeignText key="tool">{call.tool ?? '–'}</ForeignText>],
        [say('traffic.address'), call.address ?? '–'],
        [say('traffic.size'), say('traffic.sizeText', { sent: formats.bytes(call.bytesIn), received: formats.bytes(call.bytesOut), tokens: formats.number(call.tokens) })],
        [say('traffic.cost'), call.cost === null ? '–' : formats.number(call.cost)],
        ...(call.traceId === null ? [] : [[say('traffic.trace'), <code key="trace" className="wrap-anywhere">{call.traceId}</code>] as const]),
      ]}
    />
  );
}

function ServerLink({ name }: { readonly name: string }) {
  return (
    <Link to="/servers/$name" params={{ name } as never} className="text-accent underline">
      {name}
    </Link>
  );
}

const EFFECT_TONES: Readonly<Record<string, Tone>> = { allow: 'good', approve: 'warn', deny: 'bad' };

function Decision({ decision }: { readonly decision: NonNullable<CallDetail['decision']> }) {
  const say = useText();
  const { effect, rule, shadowEffect, shadowRule, approval } = decision;
  return (
    <Part title={say('traffic.decision')}>
      <Facts
        facts={[
          [say('traffic.effect'), <Badge key="effect" tone={EFFECT_TONES[effect] ?? 'plain'}>{effect}</Badge>],
          [say('traffic.rule'), <code key="rule">{rule}</code>],
          ...(shadowEffect === null ? [] : [[say('traffic.shadow'), `${shadowEffect} · ${shadowRule ?? ''}`] as const]),
          ...(approval === null ? [] : [[say('traffic.approval'), <code key="approval">{approval}</code>] as const]),
        ]}
      />
    </Part>
  );
}

function Outcome({ call }: { readonly call: CallDetail }) {
  const say = useText();
  return (
    <span className="flex flex-wrap items-center gap-2">
      <OutcomeBadge outcome={call.outcome} />
      {call.isWrite && <Badge tone="warn">{say('traffic.write')}</Badge>}
      {call.failedAt !== null && <span className="text-soft">{say('traffic.failedAt', { place: call.failedAt })}</span>}
      {!call.isDispatched && <span className="text-soft">{say('traffic.notSent')}</span>}
    </span>
  );
}

interface PayloadProps {
  readonly title: string;
  readonly payload: CallDetail['arguments'];
  readonly digest: string | null;
}

function Payload({ title, payload, digest }: PayloadProps) {
  const say = useText();
  return (
    <Part title={title}>
      {payload === null ? (
        <p className="text-soft">{say('traffic.notKept')}</p>
      ) : (
        <>
          <JsonView label={title} value={payload.text} />
          <p className="mt-1 flex flex-wrap gap-2 text-soft">
            {payload.redactions > 0 && <Badge tone="warn">{say('traffic.redactions', { count: payload.redactions })}</Badge>}
            {payload.isCut && <Badge>{say('traffic.cut')}</Badge>}
          </p>
        </>
      )}
      {digest !== null && <p className="mt-1 truncate font-mono text-[0.86em] text-soft" title={digest}>{`SHA-256 ${digest}`}</p>}
    </Part>
  );
}

function Part({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <section>
      <h3 className="mb-2 font-semibold">{title}</h3>
      {children}
    </section>
  );
}
