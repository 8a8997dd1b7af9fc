import { useChange } from '../../api/queries.ts';
import { Button } from '../../components/button.tsx';
import { ProblemNotice } from '../../components/problem-notice.tsx';
import { useText } from '../../texts/texts.ts';

interface ProviderButtonProps {
  readonly next: string;
  /** An invitation to use with it. */
  readonly link?: string;
  readonly isMain?: boolean;
}

/** Goes on at the identity provider. */
export function ProviderButton({ next, link, isMain = false }: ProviderButtonProps) {
  const say = useText();
  const begin = useChange('POST /api/v1/sign-in/provider', { done: ({ location }) => window.location.assign(location), refused: () => undefined });
  return (
    <div className="grid gap-2">
      <Button look={isMain ? 'accent' : 'plain'} icon="external" isBusy={begin.isRunning} onClick={() => begin.run({ body: { returnTo: next, ...(link !== undefined && { link }) } })}>
        {say('signIn.withProvider')}
      </Button>
      {begin.problem !== undefined && <ProblemNotice problem={begin.problem} />}
    </div>
  );
}
