import { useNavigate } from '@tanstack/react-router';
import { useMay } from '../../api/me.ts';
import { IconButton } from '../../components/button.tsx';
import { Menu, type MenuItem } from '../../components/menu.tsx';
import { useSetUrl } from '../../components/url-state.ts';
import { useText } from '../../texts/texts.ts';
import { type Call, subjectOf } from './traffic-call.ts';

interface CallMenuProps {
  readonly call: Call;
  readonly open: () => void;
  readonly limit: () => void;
}

export function CallMenu({ call, open, limit }: CallMenuProps) {
  const say = useText();
  const setUrl = useSetUrl();
  const navigate = useNavigate();
  const mayLimit = useMay('endpoint:write');
  const mayInspect = useMay('inspection:open');
  const { endpoint, principal, server, tool } = call;
  const only = (values: Readonly<Record<string, string>>): void => setUrl(values, { isNew: true });
  const items: readonly (MenuItem | 'line' | false)[] = [
    { text: say('traffic.open'), icon: 'eye', onSelect: open },
    mayLimit && endpoint !== null && !endpoint.startsWith('~') && { text: say('traffic.limitThis'), icon: 'gauge', onSelect: limit },
    mayInspect && endpoint !== null && !endpoint.startsWith('~') && { text: say('traffic.inspect'), icon: 'terminal', onSelect: () => void navigate({ to: '/inspector', search: { kind: 'endpoint', name: endpoint, item: call.exposed ?? undefined } as never }) },
    'line',
    tool !== null && { text: say('traffic.onlyTool'), icon: 'search', onSelect: () => only({ tool, ...(server !== null && { server }) }) },
    principal !== null && { text: say('traffic.onlyPrincipal'), icon: 'user', onSelect: () => only({ principal: principal.id }) },
  ];
  return <Menu trigger={<IconButton icon="more" size="small" label={say('common.actionsOf', { name: subjectOf(call) })} />} items={items.filter((item) => item !== false)} />;
}
