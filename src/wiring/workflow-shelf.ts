/** The workflows of the configuration, and who may run which. */
import type { ConfigObject } from '../control-plane/configuration/config-object.ts';
import type { Publisher } from '../control-plane/publish.ts';
import type { Workflow } from '../model/workflow.ts';

export interface ShelvedWorkflow {
  readonly workflow: Workflow;
  /** Id of the principal whose it is; undefined: everybody's. */
  readonly owner: string | undefined;
}

export interface WorkflowShelf {
  all(): readonly ShelvedWorkflow[];
  find(name: string): ShelvedWorkflow | undefined;
  /** `changed` is called whenever other workflows are published. */
  follow(changed: () => void): void;
}

export function openWorkflowShelf(publisher: Pick<Publisher, 'document' | 'objects' | 'onPublish'>): WorkflowShelf {
  const read = (): ReadonlyMap<string, ShelvedWorkflow> => {
    const owners = new Map(publisher.objects().flatMap(({ kind, name, owner }: ConfigObject) => (kind === 'workflows' ? [[name, owner] as const] : [])));
    return new Map(Object.entries(publisher.document().workflows).map(([name, config]) => [name, { workflow: { name, ...config }, owner: owners.get(name) }]));
  };
  let known = read();
  const followers: (() => void)[] = [];
  publisher.onPublish(() => {
    const fresh = read();
    const isChanged = JSON.stringify([...fresh]) !== JSON.stringify([...known]);
    known = fresh;
    if (isChanged) for (const changed of followers) changed();
  });
  return { all: () => [...known.values()], find: (name) => known.get(name), follow: (changed) => void followers.push(changed) };
}
