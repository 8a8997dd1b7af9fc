/** Checks the whole chain, here by the gateway; with the key beside it anybody can do it elsewhere. */
import { useState } from 'react';
import { useChange, useRead } from '../../api/queries.ts';
import type { AnswerOf } from '../../api/operations.ts';
import { Badge } from '../../components/badge.tsx';
import { Button } from '../../components/button.tsx';
import { CodeBlock } from '../../components/code.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { Form, TextArea } from '../../components/form.tsx';
import { Icon } from '../../components/icon.tsx';
import { Facts, Loaded, Section } from '../../components/page.tsx';
import { useFormats } from '../../texts/formats.ts';
import { useText } from '../../texts/texts.ts';

type Verdict = AnswerOf<'POST /api/v1/audit/verify'>;

export function VerifyTab() {
  const say = useText();
  const key = useRead('GET /api/v1/audit/key');
  const [publicKey, setPublicKey] = useState('');
  const [verdict, setVerdict] = useState<Verdict>();
  const verify = useChange('POST /api/v1/audit/verify', { done: setVerdict, refused: () => setVerdict(undefined) });
  return (
    <div className="grid items-start gap-4 lg:grid-cols-2">
      <Section title={say('audit.verify')} lead={say('audit.verifyHelp')}>
        <Form problem={verify.problem} submit={() => verify.run({ body: publicKey.trim() === '' ? {} : { publicKey } })}>
          <TextArea label={say('audit.ownKey')} help={say('audit.ownKeyHelp')} path="publicKey" isMono value={publicKey} set={setPublicKey} rows={3} />
          <div>
            <Button type="submit" look="accent" icon="shield" isBusy={verify.isRunning}>
              {say('audit.verifyNow')}
            </Button>
          </div>
        </Form>
        {verdict !== undefined && <Finding verdict={verdict} />}
      </Section>
      <Section title={say('audit.key')} lead={say('audit.keyHelp')}>
        <Loaded read={key}>{({ publicKey: pem }) => <CodeBlock label={say('audit.key')} text={pem} />}</Loaded>
      </Section>
    </div>
  );
}

function Finding({ verdict }: { readonly verdict: Verdict }) {
  const say = useText();
  const formats = useFormats();
  const { isIntact, findings } = verdict;
  return (
    <div role="status" className="mt-5 grid gap-4">
      <div className={`flex items-center gap-3 rounded-lg px-4 py-3 ${isIntact ? 'bg-good-wash text-good' : 'bg-bad-wash text-bad'}`}>
        <Icon name={isIntact ? 'check' : 'warning'} size={22} />
        <p className="font-semibold">{isIntact ? say('audit.intact', { count: verdict.records, text: formats.number(verdict.records) }) : say('audit.broken', { count: findings.length })}</p>
      </div>
      <Facts
        facts={[
          [say('audit.checked'), formats.number(verdict.records)],
          [say('audit.checkpoints'), formats.number(verdict.checkpoints)],
          [say('audit.pairs'), say('audit.pairsText', { intents: formats.number(verdict.intents), outcomes: formats.number(verdict.outcomes), unknown: formats.number(verdict.unknown) })],
          [say('audit.range'), verdict.firstAt === null || verdict.lastAt === null ? '–' : `${formats.instant(verdict.firstAt)} – ${formats.instant(verdict.lastAt)}`],
        ]}
      />
      {findings.length > 0 && (
        <ul className="grid gap-2">
          {findings.map((finding, index) => (
            <li key={index} className="rounded-md border border-line p-3">
              <Badge tone="bad">{finding.kind}</Badge> <code>{finding.writer === null ? '' : `${finding.writer}/${finding.seq ?? ''}`}</code>
              <ForeignText className="mt-1 block">{finding.message}</ForeignText>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
