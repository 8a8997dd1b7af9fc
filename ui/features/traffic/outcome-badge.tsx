import { Badge } from '../../components/badge.tsx';
import { useText } from '../../texts/texts.ts';
import { toneOf } from './traffic-call.ts';

const WORDS = ['ok', 'tool_error', 'unknown'] as const;

/** Known outcomes in words; fault codes as they are written, since the documents name them so. */
export function OutcomeBadge({ outcome }: { readonly outcome: string | null }) {
  const say = useText();
  const word = WORDS.find((each) => each === outcome);
  return (
    <Badge tone={toneOf(outcome)} hasDot title={outcome ?? ''}>
      {outcome === null ? say('traffic.outcomes.running') : word === undefined ? outcome : say(`traffic.outcomes.${word}`)}
    </Badge>
  );
}
