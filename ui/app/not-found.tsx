import { type ErrorComponentProps, Link } from '@tanstack/react-router';
import { toProblem } from '../api/problem.ts';
import { buttonClass } from '../components/button.tsx';
import { EmptyState } from '../components/empty-state.tsx';
import { ProblemNotice } from '../components/problem-notice.tsx';
import { useText } from '../texts/texts.ts';

export function NotFound() {
  const say = useText();
  return (
    <main className="grid min-h-[60vh] place-items-center">
      <EmptyState
        icon="search"
        title={say('frame.notFound')}
        action={
          <Link to="/overview" className={buttonClass()}>
            {say('nav.overview')}
          </Link>
        }
      >
        {say('frame.notFoundHelp')}
      </EmptyState>
    </main>
  );
}

/** A page that could not be loaded or drawn. */
export function Failed({ error, reset }: ErrorComponentProps) {
  return (
    <main className="mx-auto max-w-2xl p-6">
      <ProblemNotice problem={toProblem(error)} retry={reset} />
    </main>
  );
}
