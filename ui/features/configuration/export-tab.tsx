import { useRead } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { CodeBlock } from '../../components/code.tsx';
import { SelectField } from '../../components/form.tsx';
import { Loaded, Section } from '../../components/page.tsx';
import { useUrlState } from '../../components/url-state.ts';
import { useText } from '../../texts/texts.ts';

const FORMATS = ['yaml', 'json', 'mcpServers', 'vscode', 'portable'] as const;
type Format = (typeof FORMATS)[number];

const FILES: Readonly<Record<Format, string>> = { yaml: 'metamcp.yaml', json: 'metamcp.json', mcpServers: 'mcpServers.json', vscode: 'mcp.json', portable: 'metamcp.yaml' };

export function ExportTab() {
  const say = useText();
  const [chosen, choose] = useUrlState('format', 'yaml');
  const [namespace, setNamespace] = useUrlState('namespace');
  const format = FORMATS.find((each) => each === chosen) ?? 'yaml';
  const namespaces = useRead('GET /api/v1/namespaces').data?.items ?? [];
  const exported = useRead('GET /api/v1/config/export', { query: { format, ...(namespace !== '' && { namespace }) } });
  return (
    <Section title={say('configuration.export')} lead={say('configuration.exportHelp')}>
      <div className="grid gap-4">
        <div className="flex flex-wrap items-end gap-4">
          <SelectField label={say('configuration.format')} value={format} set={choose} options={FORMATS.map((value) => ({ value, label: say(`configuration.formats.${value}`) }))} />
          <SelectField label={say('configuration.part')} value={namespace} set={setNamespace} options={[{ value: '', label: say('configuration.whole') }, ...namespaces.map(({ name }) => ({ value: name, label: name }))]} />
          {exported.data !== undefined && (
            <Button icon="download" onClick={() => save(FILES[format], exported.data.text)}>
              {say('configuration.download')}
            </Button>
          )}
        </div>
        <Loaded read={exported}>
          {({ text, variables }) => (
            <>
              {variables.length > 0 && <p className="text-soft">{say('configuration.variables', { names: variables.join(', ') })}</p>}
              <CodeBlock text={text} label={say('configuration.export')} />
            </>
          )}
        </Loaded>
      </div>
    </Section>
  );
}

function save(name: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
