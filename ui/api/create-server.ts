/** Makes a server and, where wanted, lets a namespace offer it. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { ask } from './ask.ts';
import { type ApiProblem, toProblem } from './problem.ts';
import { refresh } from './queries.ts';

/** What each way to add servers calls once they are there. */
export type Added = (names: readonly string[]) => void;

export interface NewServer {
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** Empty: none. */
  readonly namespace: string;
}

export function useCreateServer(done: Added) {
  const client = useQueryClient();
  const mutation = useMutation<unknown, ApiProblem, NewServer>({
    mutationFn: async ({ name, config, namespace }) => {
      await ask('POST /api/v1/servers', { body: { name, config } });
      if (namespace === '') return;
      const { config: offered, version } = await ask('GET /api/v1/namespaces/{name}', { params: { name: namespace } });
      const servers = Array.isArray(offered['servers']) ? (offered['servers'] as unknown[]) : [];
      await ask('PATCH /api/v1/namespaces/{name}', { params: { name: namespace }, body: { config: { servers: [...servers, name] } }, ifVersion: version });
    },
    onSuccess: (_, { name }) => done([name]),
    onSettled: () => refresh(client, 'servers'),
    meta: { isHandled: true },
  });
  return { run: mutation.mutate, isRunning: mutation.isPending, problem: mutation.error === null ? undefined : toProblem(mutation.error) };
}
