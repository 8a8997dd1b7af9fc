import { useQueryClient } from '@tanstack/react-query';
import { ask } from '../../api/ask.ts';
import { toProblem } from '../../api/problem.ts';
import { refresh } from '../../api/queries.ts';
import { IconButton } from '../../components/button.tsx';
import { Menu } from '../../components/menu.tsx';
import { deleteSoon, notifyProblem } from '../../components/notices.tsx';
import { useText } from '../../texts/texts.ts';
import type { Template } from './shapes.ts';

export function TemplateMenu({ template: { name }, mayDelete }: { readonly template: Template; readonly mayDelete: boolean }) {
  const say = useText();
  const client = useQueryClient();
  const commit = async (): Promise<void> => {
    try {
      await ask('DELETE /api/v1/templates/{name}', { params: { name } });
    } catch (thrown) {
      notifyProblem(toProblem(thrown));
    } finally {
      refresh(client, 'templates');
    }
  };
  const remove = (): void => deleteSoon({ key: `templates/${name}`, text: say('common.deleted', { name }), undoText: say('common.undo'), commit });
  return (
    <Menu
      trigger={<IconButton icon="more" label={say('common.actionsOf', { name })} />}
      items={[
        { text: say('orchestrator.template.export'), icon: 'download', onSelect: () => void takeAway(name).catch((thrown: unknown) => notifyProblem(toProblem(thrown))) },
        ...(mayDelete ? (['line', { text: say('common.delete'), icon: 'trash', isDanger: true, onSelect: remove }] as const) : []),
      ]}
    />
  );
}

/** Saves the template in the form in which it can be imported. */
async function takeAway(name: string): Promise<void> {
  const exported = await ask('GET /api/v1/templates/{name}/export', { params: { name } });
  const url = URL.createObjectURL(new Blob([JSON.stringify(exported, null, 2)], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `${name}.template.json`;
  link.click();
  URL.revokeObjectURL(url);
}
