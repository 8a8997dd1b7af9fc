/** Short messages at the edge of the page: what was done, what was refused, and how to undo it. */
import { Toast } from '@base-ui/react/toast';
import { useSyncExternalStore } from 'react';
import type { ApiProblem } from '../api/problem.ts';
import { useText } from '../texts/texts.ts';
import { Button, IconButton } from './button.tsx';
import { classNames } from './class-names.ts';
import { ForeignText } from './foreign-text.tsx';

const manager = Toast.createToastManager();
const UNDO_MS = 7_000;

export function notify(text: string): void {
  manager.add({ title: text, type: 'done', timeout: 4_000 });
}

export function notifyProblem(problem: ApiProblem, advice?: string): void {
  const first = problem.problem.errors?.[0];
  const what = first === undefined ? (problem.problem.detail ?? '') : first.message;
  manager.add({ title: problem.problem.title, description: [what, advice].filter(Boolean).join(' '), type: 'refused', timeout: 10_000, priority: 'high' });
}

/** Keys of what is being deleted and can still be kept. */
let leaving: ReadonlySet<string> = new Set();
const watchers = new Set<() => void>();

function setLeaving(keys: ReadonlySet<string>): void {
  leaving = keys;
  for (const watch of watchers) watch();
}

function subscribe(watch: () => void): () => void {
  watchers.add(watch);
  return () => watchers.delete(watch);
}

/** What tables leave out already. */
export function useLeaving(): ReadonlySet<string> {
  return useSyncExternalStore(subscribe, () => leaving);
}

interface Deletion {
  /** Unique, e.g. `servers/files`: what `useLeaving` says. */
  readonly key: string;
  readonly text: string;
  readonly undoText: string;
  /** Does it, once there is no way back. Resolves when it is gone. */
  readonly commit: () => Promise<unknown>;
}

/** Deletes in some seconds unless somebody takes it back; at once where the page is left. */
export function deleteSoon({ key, text, undoText, commit }: Deletion): void {
  setLeaving(new Set([...leaving, key]));
  const back = (): void => setLeaving(new Set([...leaving].filter((each) => each !== key)));
  let isDecided = false;
  const decide = (): boolean => {
    if (isDecided) return false;
    isDecided = true;
    window.removeEventListener('pagehide', finish);
    return true;
  };
  // What was refused comes back; whoever sent it says why.
  const finish = (): void => void (decide() && commit().then(back, back));
  window.addEventListener('pagehide', finish);
  const id = manager.add({
    title: text,
    type: 'done',
    timeout: UNDO_MS,
    onClose: finish,
    actionProps: {
      children: undoText,
      onClick: () => {
        if (decide()) back();
        manager.close(id);
      },
    },
  });
}

export function Notices() {
  return (
    <Toast.Provider toastManager={manager} limit={4}>
      <Toast.Portal>
        <Toast.Viewport className="fixed right-3 bottom-3 left-3 z-70 grid gap-2 sm:right-5 sm:bottom-5 sm:left-auto sm:w-96">
          <List />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  );
}

function List() {
  const say = useText();
  const { toasts } = Toast.useToastManager();
  return toasts.map((toast) => (
    <Toast.Root
      key={toast.id}
      toast={toast}
      className={classNames(
        'flex items-start gap-3 rounded-lg border bg-surface px-3.5 py-2.5 shadow-raised transition duration-150 data-ending-style:opacity-0 data-starting-style:translate-y-2 data-starting-style:opacity-0',
        toast.type === 'refused' ? 'border-bad/50' : 'border-line',
      )}
    >
      <Toast.Content className="flex min-w-0 flex-1 flex-wrap items-center gap-x-3">
        <div className="min-w-0 flex-1">
          <Toast.Title className="font-medium">
            <ForeignText>{String(toast.title ?? '')}</ForeignText>
          </Toast.Title>
          <Toast.Description className="text-soft">
            <ForeignText>{String(toast.description ?? '')}</ForeignText>
          </Toast.Description>
        </div>
        {toast.actionProps !== undefined && <Toast.Action render={<Button size="small">{toast.actionProps.children}</Button>} />}
      </Toast.Content>
      <Toast.Close render={<IconButton icon="close" size="small" label={say('common.close')} className="-mr-1.5" />} />
    </Toast.Root>
  ));
}
