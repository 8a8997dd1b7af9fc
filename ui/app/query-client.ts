/** What was read, and what becomes of changes that nobody else speaks for. */
import { MutationCache, QueryClient } from '@tanstack/react-query';
import i18next from 'i18next';
import { type ApiProblem, toProblem } from '../api/problem.ts';
import { notifyProblem } from '../components/notices.tsx';
import { adviceFor } from '../components/problem-notice.tsx';
import type { Say } from '../texts/texts.ts';

const RETRIES_MAX = 2;
const STALE_MS = 30_000;

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: STALE_MS,
      retry: (count, thrown) => count < RETRIES_MAX && toProblem(thrown).problem.isRetryable,
    },
  },
  mutationCache: new MutationCache({
    onError: (thrown, _request, _context, mutation) => {
      if (mutation.meta?.['isHandled'] !== true) showProblem(toProblem(thrown));
    },
  }),
});

export function showProblem(problem: ApiProblem): void {
  notifyProblem(problem, adviceFor(problem, i18next.t as unknown as Say));
}
