import { ChoiceFilter, FilterBar, SpanFilter, TextFilter } from '../../components/record-filters.tsx';
import { useText } from '../../texts/texts.ts';
import { FILTERS, KINDS } from './audit-record.ts';

export function AuditFilters() {
  const say = useText();
  return (
    <FilterBar names={FILTERS}>
      <SpanFilter />
      <ChoiceFilter name="kind" label={say('audit.kind')} options={KINDS.map((value) => ({ value, text: say(`audit.kinds.${value}`) }))} />
      <TextFilter name="principal" label={say('audit.principal')} />
      <TextFilter name="action" label={say('audit.action')} />
      <TextFilter name="subject" label={say('audit.subject')} />
      <TextFilter name="endpoint" label={say('audit.endpoint')} />
      <TextFilter name="server" label={say('audit.server')} />
      <TextFilter name="tool" label={say('audit.tool')} />
      <TextFilter name="outcome" label={say('audit.outcome')} options={['ok', 'failed', 'tool_error', 'unknown']} />
      <TextFilter name="call" label={say('audit.call')} />
    </FilterBar>
  );
}
