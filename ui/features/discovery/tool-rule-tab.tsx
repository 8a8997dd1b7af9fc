/** A rule that computes the tools of an endpoint, seen at work before it is saved. */
import { useState } from 'react';
import { useMay } from '../../api/me.ts';
import type { AnswerOf } from '../../api/operations.ts';
import { useChange } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { Form, TextField } from '../../components/form.tsx';
import { notify } from '../../components/notices.tsx';
import { Section } from '../../components/page.tsx';
import { useFormats } from '../../texts/formats.ts';
import { useText } from '../../texts/texts.ts';

type Endpoint = AnswerOf<'GET /api/v1/endpoints'>['items'][number];
type Preview = AnswerOf<'POST /api/v1/endpoints/{name}/rule-preview'>;

interface Written {
  readonly tags?: readonly string[];
  readonly query?: string;
  readonly max?: number;
}

const MAX_DEFAULT = 50;

/** Give it the version as `key`: what was saved elsewhere replaces what is shown. */
export function ToolRuleTab({ endpoint }: { readonly endpoint: Endpoint }) {
  const say = useText();
  const written = (endpoint.config['tools'] ?? {}) as Written;
  const hasRule = endpoint.config['tools'] !== undefined;
  const mayWrite = useMay('endpoint:write') && endpoint.managedBy === null;
  const [query, setQuery] = useState(written.query ?? '');
  const [tags, setTags] = useState((written.tags ?? []).join(', '));
  const [max, setMax] = useState(String(written.max ?? MAX_DEFAULT));
  const [preview, setPreview] = useState<Preview>();
  const look = useChange('POST /api/v1/endpoints/{name}/rule-preview', { done: setPreview, refused: () => setPreview(undefined) });
  const save = useChange('PATCH /api/v1/endpoints/{name}', { done: () => notify(say('common.saved')), refused: () => undefined });
  const params = { name: endpoint.name };
  const given = tags.split(',').map((tag) => tag.trim()).filter((tag) => tag !== '');
  const rule = { tags: given, max: Number(max), ...(query.trim() !== '' && { query: query.trim() }) };
  const isEmpty = given.length === 0 && query.trim() === '';
  return (
    <div className="grid items-start gap-4 lg:grid-cols-2">
      <Section title={say('discovery.toolRule')} lead={say('discovery.toolRuleHelp')}>
        <Form problem={look.problem ?? save.problem} submit={() => look.run({ params, body: { rule } })}>
          <TextField label={say('discovery.ruleQuery')} help={say('discovery.ruleQueryHelp')} path="query" value={query} set={setQuery} />
          <TextField label={say('discovery.ruleTags')} help={say('discovery.ruleTagsHelp')} path="tags" value={tags} set={setTags} />
          <TextField label={say('discovery.ruleMax')} path="max" type="number" min={1} max={1_000} value={max} set={setMax} />
          <div className="flex flex-wrap gap-2">
            <Button type="submit" icon="eye" look={mayWrite ? 'plain' : 'accent'} isBusy={look.isRunning} disabled={isEmpty}>
              {say('discovery.preview')}
            </Button>
            {mayWrite && (
              <Button look="accent" isBusy={save.isRunning} disabled={isEmpty} onClick={() => save.run({ params, body: { config: { tools: rule } }, ifVersion: endpoint.version })}>
                {say('common.save')}
              </Button>
            )}
            {mayWrite && hasRule && (
              <Button look="danger" isBusy={save.isRunning} onClick={() => save.run({ params, body: { config: { tools: null } }, ifVersion: endpoint.version })}>
                {say('discovery.noRule')}
              </Button>
            )}
          </div>
        </Form>
      </Section>
      {preview === undefined ? (
        <div className="panel">
          <EmptyState icon="eye" title={say(hasRule ? 'discovery.ruleHolds' : 'discovery.previewEmpty')} />
        </div>
      ) : (
        <Shown preview={preview} />
      )}
    </div>
  );
}

function Shown({ preview }: { readonly preview: Preview }) {
  const say = useText();
  const formats = useFormats();
  return (
    <Section title={say('discovery.previewCount', { count: preview.tools.length })} lead={say('discovery.tokens', { text: formats.number(preview.tokens) })}>
      <ul role="status" className="scrolls grid max-h-96 gap-1 overflow-y-auto font-mono text-[0.93em]">
        {preview.tools.map((name) => (
          <li key={name}>
            <ForeignText>{name}</ForeignText>
          </li>
        ))}
      </ul>
    </Section>
  );
}
