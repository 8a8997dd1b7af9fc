import { Badge } from '../../components/badge.tsx';
import { useText } from '../../texts/texts.ts';

export type Effect = 'allow' | 'approve' | 'deny';
const TONES = { allow: 'good', approve: 'warn', deny: 'bad' } as const;

export function EffectBadge({ effect }: { readonly effect: Effect }) {
  const say = useText();
  return <Badge tone={TONES[effect]}>{say(`policies.effects.${effect}`)}</Badge>;
}
