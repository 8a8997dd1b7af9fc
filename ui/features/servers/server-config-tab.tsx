import { useMay } from '../../api/me.ts';
import { useChange } from '../../api/queries.ts';
import { ConfigEditor } from '../../components/config-editor.tsx';
import { notify } from '../../components/notices.tsx';
import { useText } from '../../texts/texts.ts';
import type { Server } from './server-state.tsx';

export function ServerConfigTab({ server }: { readonly server: Server }) {
  const say = useText();
  const mayWrite = useMay('server:write') && server.managedBy === null;
  const change = useChange('PUT /api/v1/servers/{name}', { done: () => notify(say('common.saved')), refused: () => undefined });
  return (
    <ConfigEditor
      config={server.config}
      managedBy={server.managedBy}
      mayWrite={mayWrite}
      isBusy={change.isRunning}
      problem={change.problem}
      save={(config) => change.run({ params: { name: server.name }, body: { config }, ifVersion: server.version })}
    />
  );
}
