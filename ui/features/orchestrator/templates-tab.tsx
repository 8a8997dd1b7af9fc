import type { UseQueryResult } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useMay } from '../../api/me.ts';
import type { ApiProblem } from '../../api/problem.ts';
import { Button } from '../../components/button.tsx';
import { type Column, DataTable, type Filter } from '../../components/data-table.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ForeignText } from '../../components/foreign-text.tsx';
import { useLeaving } from '../../components/notices.tsx';
import { Loaded } from '../../components/page.tsx';
import { useUrlDialog } from '../../components/url-state.ts';
import { useText } from '../../texts/texts.ts';
import { Reach, reachOf } from './reach.tsx';
import type { Template, Templates } from './shapes.ts';
import { ImportTemplate } from './import-template.tsx';
import { TemplatePanel } from './template-panel.tsx';
import { TemplateMenu } from './template-menu.tsx';

export function TemplatesTab({ templates }: { readonly templates: UseQueryResult<Templates, ApiProblem> }) {
  const say = useText();
  const mayImport = useMay('process:define');
  const mayWrite = useMay('server:write');
  const leaving = useLeaving();
  const chosen = useUrlDialog('template');
  const importing = useUrlDialog('import');
  const columns = useColumns(chosen.open);
  const filters = useFilters();
  const importButton = mayImport && (
    <Button icon="upload" onClick={() => importing.open()}>
      {say('orchestrator.template.import')}
    </Button>
  );
  return (
    <>
      <Loaded read={templates}>
        {({ items }) => (
          <DataTable
            label={say('orchestrator.templates')}
            rows={items.filter(({ name }) => !leaving.has(`templates/${name}`))}
            columns={columns}
            filters={filters}
            rowKey={({ name }) => name}
            open={({ name }) => chosen.open(name)}
            tools={importButton}
            actions={(template) => (
              <>
                {mayWrite && (
                  <Button size="small" icon="plus" onClick={() => chosen.open(template.name)}>
                    {say('orchestrator.template.use')}
                  </Button>
                )}
                <TemplateMenu template={template} mayDelete={mayImport && template.origin === 'imported'} />
              </>
            )}
            empty={
              <EmptyState icon="book" title={say('orchestrator.template.empty')} action={importButton}>
                {say('orchestrator.template.emptyHelp')}
              </EmptyState>
            }
          />
        )}
      </Loaded>
      <TemplatePanel template={templates.data?.items.find(({ name }) => name === chosen.value)} close={chosen.close} mayWrite={mayWrite} />
      <ImportTemplate isOpen={importing.value !== undefined} close={importing.close} />
    </>
  );
}

function useColumns(open: (name: string) => void): readonly Column<Template>[] {
  const say = useText();
  return useMemo(
    () => [
      {
        id: 'name',
        text: say('common.name'),
        value: ({ name, title, description, capabilities }) => `${title} ${name} ${description} ${capabilities.join(' ')}`,
        cell: ({ name, title, description }) => (
          <div className="min-w-32">
            <button type="button" className="text-left font-medium hover:underline" onClick={() => open(name)}>
              <ForeignText>{title}</ForeignText>
            </button>
            <div className="max-w-[34rem] truncate text-soft max-sm:max-w-[42vw]">
              <ForeignText>{description}</ForeignText>
            </div>
          </div>
        ),
      },
      { id: 'reach', text: say('orchestrator.template.reach'), value: (template) => reachOf(template).join(' '), cell: (template) => <Reach template={template} />, from: 'md' },
      { id: 'origin', text: say('orchestrator.template.origin'), value: ({ origin }) => say(`orchestrator.template.${origin}`), from: 'lg' },
      { id: 'version', text: say('orchestrator.version'), value: ({ version }) => version, from: 'lg' },
    ],
    [say, open],
  );
}

function useFilters(): readonly Filter<Template>[] {
  const say = useText();
  return useMemo(
    () => [
      {
        id: 'origin',
        text: say('orchestrator.template.origin'),
        options: (['shipped', 'imported'] as const).map((value) => ({ value, text: say(`orchestrator.template.${value}`) })),
        matches: ({ origin }, value) => origin === value,
      },
    ],
    [say],
  );
}
