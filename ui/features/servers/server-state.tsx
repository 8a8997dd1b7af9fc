import type { AnswerOf } from '../../api/operations.ts';
import { Badge, type Tone } from '../../components/badge.tsx';
import { useText } from '../../texts/texts.ts';

export type Server = AnswerOf<'GET /api/v1/servers/{name}'>;
export type ServerStatus = Server['status'];

export const STATUSES = ['ready', 'degraded', 'connecting', 'failed', 'stopped'] as const satisfies readonly ServerStatus[];

const TONES: Readonly<Record<ServerStatus, Tone>> = { ready: 'good', degraded: 'warn', connecting: 'accent', failed: 'bad', stopped: 'plain' };

export function StatusBadge({ status }: { readonly status: ServerStatus }) {
  const say = useText();
  return (
    <Badge tone={TONES[status]} hasDot>
      {say(`servers.status.${status}`)}
    </Badge>
  );
}

/** Its configuration says so; without a word it is on. */
export function isEnabled({ config }: Pick<Server, 'config'>): boolean {
  return config['enabled'] !== false && config['disabled'] !== true;
}

/** Where it is, for people: its address, or the program with its arguments. */
export function placeOf({ config }: Pick<Server, 'config'>): string {
  const { url, command, args } = config;
  if (typeof url === 'string') return url;
  return [command, ...(Array.isArray(args) ? args : [])].filter((part) => typeof part === 'string').join(' ');
}
