/** What a server made of a template can touch. */
import { Badge } from '../../components/badge.tsx';
import { useText } from '../../texts/texts.ts';
import type { Template } from './shapes.ts';

type ReachName = 'none' | 'web' | 'read' | 'write';

/** `none` alone, or everything that it reaches. */
export function reachOf({ egress, files }: Template): readonly ReachName[] {
  const reach: readonly ReachName[] = [...(egress === 'guarded' ? (['web'] as const) : []), ...(files === 'none' ? [] : [files])];
  return reach.length === 0 ? ['none'] : reach;
}

export function Reach({ template }: { readonly template: Template }) {
  const say = useText();
  return (
    <span className="flex flex-wrap gap-1">
      {reachOf(template).map((reach) => (
        <Badge key={reach} tone={reach === 'none' ? 'good' : reach === 'write' ? 'warn' : 'plain'}>
          {say(`orchestrator.template.reachOf.${reach}`)}
        </Badge>
      ))}
    </span>
  );
}
