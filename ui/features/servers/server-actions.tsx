/** What can be done with a server, wherever it is shown. */
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { ask } from '../../api/ask.ts';
import { useMay } from '../../api/me.ts';
import { toProblem } from '../../api/problem.ts';
import { refresh, useChange } from '../../api/queries.ts';
import { IconButton } from '../../components/button.tsx';
import { Switch } from '../../components/form.tsx';
import { Menu } from '../../components/menu.tsx';
import { deleteSoon, notify, notifyProblem } from '../../components/notices.tsx';
import { useText } from '../../texts/texts.ts';
import { isEnabled, type Server } from './server-state.tsx';

type Servers = { readonly items: readonly Server[] };

/** On and off, shown before the gateway has answered. */
export function EnabledSwitch({ server }: { readonly server: Server }) {
  const say = useText();
  const mayWrite = useMay('server:write');
  const change = useChange('PATCH /api/v1/servers/{name}', {
    expect: (client, { params, body }) => {
      const apply = <Shown extends Server>(shown: Shown): Shown => ({ ...shown, config: { ...shown.config, ...body.config } });
      client.setQueriesData<Servers>({ queryKey: ['GET /api/v1/servers'] }, (list) => list && { ...list, items: list.items.map((one) => (one.name === params.name ? apply(one) : one)) });
      client.setQueriesData<Server>({ queryKey: ['GET /api/v1/servers/{name}', { params }] }, (one) => one && apply(one));
    },
  });
  const set = (isOn: boolean): void => change.run({ params: { name: server.name }, body: { config: { enabled: isOn, disabled: null } } });
  return <Switch label={say('servers.enabledOf', { name: server.name })} isOn={isEnabled(server)} set={set} disabled={!mayWrite || server.managedBy !== null} />;
}

export function useServerActions(server: Server) {
  const say = useText();
  const restart = useChange('POST /api/v1/servers/{name}/restart', { done: () => notify(say('servers.restarted', { name: server.name })) });
  const resync = useChange('POST /api/v1/servers/{name}/resync', { done: ({ tools }) => notify(say('servers.resynced', { name: server.name, count: tools ?? 0 })) });
  // The page is the gateway's own: going away and coming back keeps the way back short.
  const connect = useChange('POST /api/v1/grants', { done: ({ url }) => window.open(url, '_blank', 'noopener') });
  const request = { params: { name: server.name } };
  return {
    restart: () => restart.run(request),
    resync: () => resync.run(request),
    signIn: () => connect.run({ body: { server: server.name } }),
    isBusy: restart.isRunning || resync.isRunning,
  };
}

export function ServerMenu({ server, deleted }: { readonly server: Server; readonly deleted?: () => void }) {
  const say = useText();
  const client = useQueryClient();
  const navigate = useNavigate();
  const mayInspect = useMay('inspection:open');
  const mayOperate = useMay('server:operate');
  const mayWrite = useMay('server:write');
  const maySignIn = useMay('grant:begin');
  const { restart, resync, signIn, isBusy } = useServerActions(server);
  const remove = (): void => {
    deleteSoon({
      key: `servers/${server.name}`,
      text: say('common.deleted', { name: server.name }),
      undoText: say('common.undo'),
      commit: () =>
        ask('DELETE /api/v1/servers/{name}', { params: { name: server.name }, query: { force: 'true' } }).then(
          () => refresh(client, 'servers'),
          (thrown: unknown) => notifyProblem(toProblem(thrown)),
        ),
    });
    deleted?.();
  };
  return (
    <Menu
      trigger={<IconButton icon="more" label={say('common.actionsOf', { name: server.name })} isBusy={isBusy} />}
      items={[
        { text: say('servers.inspect'), icon: 'terminal', onSelect: () => void navigate({ to: '/inspector', search: { kind: 'server', name: server.name } } as never), isDisabled: !mayInspect || !isEnabled(server) },
        { text: say('servers.restart'), icon: 'power', onSelect: restart, isDisabled: !mayOperate || !isEnabled(server) },
        { text: say('servers.resync'), icon: 'refresh', onSelect: resync, isDisabled: !mayOperate || !isEnabled(server) },
        ...(server.type === 'stdio' ? [] : [{ text: say('servers.signIn'), icon: 'external' as const, onSelect: signIn, isDisabled: !maySignIn }]),
        'line',
        { text: say('common.delete'), icon: 'trash', onSelect: remove, isDanger: true, isDisabled: !mayWrite || server.managedBy !== null },
      ]}
    />
  );
}
