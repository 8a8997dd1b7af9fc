import { buttonClass } from '../../components/button.tsx';
import { Icon } from '../../components/icon.tsx';
import { Section } from '../../components/page.tsx';
import { useText } from '../../texts/texts.ts';
import { AuditFilters } from './audit-filters.tsx';
import { useAuditQuery } from './audit-record.ts';

/** A file of what the filters leave; the browser writes it to disk as it comes. */
export function ExportTab() {
  const say = useText();
  const query = useAuditQuery();
  return (
    <div className="grid gap-4">
      <AuditFilters />
      <Section title={say('audit.export')} lead={say(Object.keys(query).length === 0 ? 'audit.exportAll' : 'audit.exportSome')}>
        <div className="flex flex-wrap gap-2">
          {(['jsonl', 'csv'] as const).map((format) => (
            <a key={format} className={buttonClass(format === 'jsonl' ? { look: 'accent' } : {})} href={`/api/v1/audit/export?${new URLSearchParams({ ...query, format }).toString()}`} download={`audit.${format}`}>
              <Icon name="download" /> {say(`audit.formats.${format}`)}
            </a>
          ))}
        </div>
      </Section>
    </div>
  );
}
