/** Reading and changing, as hooks: what was read is kept, what a change touches is read again. */
import { keepPreviousData, type QueryClient, useInfiniteQuery, useMutation, useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { useMemo } from 'react';
import { askAny } from './ask.ts';
import type { AnswerOf, ChangeKey, ReadKey, RequestOf } from './operations.ts';
import { type ApiProblem, toProblem } from './problem.ts';

export interface ReadOptions {
  /** False: wait. */
  readonly enabled?: boolean;
  /** For what no event announces. */
  readonly everyMs?: number;
}

type Optional<Value> = Record<never, never> extends Value ? [request?: Value, options?: ReadOptions] : [request: Value, options?: ReadOptions];

/** Reads and keeps; the answer before stays while another is on its way. */
export function useRead<Key extends ReadKey>(key: Key, ...[request, options]: Optional<RequestOf<Key>>): UseQueryResult<AnswerOf<Key>, ApiProblem> {
  const { enabled = true, everyMs = false } = options ?? {};
  return useQuery<AnswerOf<Key>, ApiProblem>({
    queryKey: [key, request ?? {}],
    queryFn: async () => (await askAny(key, request ?? {})) as AnswerOf<Key>,
    enabled,
    refetchInterval: everyMs,
    placeholderData: keepPreviousData,
  });
}

/** Operations that answer page after page. */
export type PagedKey = { [Key in ReadKey]: AnswerOf<Key> extends { readonly items: readonly unknown[]; readonly nextCursor: string | null } ? Key : never }[ReadKey];
type RowOf<Key extends PagedKey> = AnswerOf<Key> extends { readonly items: readonly (infer Row)[] } ? Row : never;

export interface Pages<Row> {
  /** Of all pages read by now; undefined before the first. */
  readonly rows: readonly Row[] | undefined;
  readonly hasMore: boolean;
  readonly isReading: boolean;
  readonly more: () => void;
  readonly again: () => void;
  readonly problem: ApiProblem | undefined;
}

/** Reads page after page, as far as somebody looks. */
export function usePages<Key extends PagedKey>(key: Key, request: RequestOf<Key>): Pages<RowOf<Key>> {
  const { query, ...rest } = request as { readonly query?: object };
  const read = useInfiniteQuery({
    queryKey: [key, request, 'pages'],
    queryFn: async ({ pageParam }) => (await askAny(key, { ...rest, query: { ...query, ...(pageParam !== null && { cursor: pageParam }) } })) as { readonly items: readonly RowOf<Key>[]; readonly nextCursor: string | null },
    initialPageParam: null as string | null,
    getNextPageParam: ({ nextCursor }) => nextCursor,
    placeholderData: keepPreviousData,
  });
  const rows = useMemo(() => read.data?.pages.flatMap(({ items }) => items), [read.data]);
  return {
    rows,
    hasMore: read.hasNextPage,
    isReading: read.isFetching,
    more: () => void (read.isFetching || read.fetchNextPage()),
    again: () => void read.refetch(),
    problem: read.error === null ? undefined : toProblem(read.error),
  };
}

export interface ChangeOptions<Key extends ChangeKey> {
  /** Called once it is done. */
  readonly done?: (answer: AnswerOf<Key>, request: RequestOf<Key>) => void;
  /** Called with the refusal; without it the frame shows it. */
  readonly refused?: (problem: ApiProblem) => void;
  /** What is shown before the answer is there; taken back where it is refused. */
  readonly expect?: (client: QueryClient, request: RequestOf<Key>) => void;
}

export interface ChangeHandle<Key extends ChangeKey> {
  readonly run: (request: RequestOf<Key>) => void;
  readonly isRunning: boolean;
  readonly problem: ApiProblem | undefined;
  readonly reset: () => void;
}

/** A change: everything read of the same noun is read again afterwards, refused or not. */
export function useChange<Key extends ChangeKey>(key: Key, options: ChangeOptions<Key> = {}): ChangeHandle<Key> {
  const client = useQueryClient();
  const mutation = useMutation<AnswerOf<Key>, ApiProblem, RequestOf<Key>>({
    mutationFn: async (request) => (await askAny(key, request)) as AnswerOf<Key>,
    onMutate: (request) => options.expect?.(client, request),
    onSuccess: (answer, request) => options.done?.(answer, request),
    onError: (thrown) => options.refused?.(toProblem(thrown)),
    onSettled: () => refresh(client, nounOf(key)),
    meta: { isHandled: options.refused !== undefined },
  });
  return { run: mutation.mutate, isRunning: mutation.isPending, problem: mutation.error ?? undefined, reset: mutation.reset };
}

/** `/api/v1/servers/{name}` → `servers`. */
function nounOf(key: string): string {
  return /\/api\/v1\/([a-z-]+)/.exec(key)?.[1] ?? '';
}

/** What shows parts of another noun. */
const SHOWN_IN: Readonly<Record<string, readonly string[]>> = {
  servers: ['namespaces', 'endpoints', 'config', 'grants', 'registry'],
  namespaces: ['servers', 'endpoints', 'config'],
  endpoints: ['namespaces', 'config'],
  policies: ['namespaces', 'config'],
  config: ['servers', 'namespaces', 'endpoints', 'policies', 'keys'],
  grants: ['servers'],
  settings: ['sign-in'],
  workflows: ['workflow-runs'],
  users: ['invitations'],
};

/** Reads again what is shown of a noun and of those that show it. */
export function refresh(client: QueryClient, noun: string): void {
  const nouns = new Set([noun, ...(SHOWN_IN[noun] ?? [])]);
  void client.invalidateQueries({ predicate: ({ queryKey: [key] }) => typeof key === 'string' && nouns.has(nounOf(key)) });
}
