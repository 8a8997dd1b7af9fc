import { toIso } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { DeleteWorkflow, GetRun, ListRuns, ListWorkflows, PutWorkflow, ResolveStep, type RunSchema, StartRun, type WorkflowSchema } from '../../contract/workflows.ts';
import { needsOf, type StepRecord, type WorkflowRun } from '../../model/workflow.ts';
import type { JsonObject, JsonValue } from '../../protocol/messages.ts';
import type { Db } from '../../storage/schema.ts';
import { query } from '../../storage/transaction.ts';
import { findRun, listRuns, listSteps } from '../../storage/workflows.ts';
import type { ConfigObject } from '../configuration/config-object.ts';
import { normalized } from '../configuration/plan.ts';
import { maySee, type Viewer } from '../configuration/visibility.ts';
import { getObject } from '../objects/show-object.ts';
import { changeObject, createObject, getChangeable } from '../objects/write-object.ts';
import { type AdminServices, bindAction, bindChange, bindRead } from '../operation.ts';
import type { StepDecision, WorkflowServices } from '../workflow-services.ts';
import type { z } from 'zod';

function servicesOf({ workflows }: AdminServices): WorkflowServices {
  if (workflows === undefined) throw new Fault('request.not_found');
  return workflows;
}

const kind = 'workflows';

function showWorkflow({ name, version, owner, updatedAtMs, body }: ConfigObject): z.input<typeof WorkflowSchema> {
  return { name, version, owner: owner ?? null, updatedAt: toIso(updatedAtMs), definition: { name, ...normalized(kind, body) } };
}

function showRun(run: WorkflowRun, steps?: readonly StepRecord[]): z.input<typeof RunSchema> {
  const base = { id: run.id, workflow: run.workflow.name, principal: run.principal.id, status: run.status, reason: run.reason, startedAt: toIso(run.startedAtMs), endedAt: run.endedAtMs === undefined ? null : toIso(run.endedAtMs) };
  if (steps === undefined) return base;
  const edges = run.workflow.steps.flatMap((step) => [...needsOf(step)].map((from) => ({ from, to: step.id })));
  const shown = steps.map(({ key, status, attempts, reason, startedAtMs, endedAtMs }) => ({ key, step: key.replace(/(?:\[\d+\])?~?$/, ''), status, attempts, reason, startedAt: toIso(startedAtMs), endedAt: endedAtMs === undefined ? null : toIso(endedAtMs), durationMs: endedAtMs === undefined ? null : endedAtMs - startedAtMs }));
  return { ...base, output: run.output, steps: shown, edges };
}

/** One's own, and with the right to see what is private everyone's. */
function isVisible(run: WorkflowRun, viewer: Viewer): boolean {
  return viewer.permissions.has('private:all') || run.principal.id === viewer.principalId || run.principal.id === `user:${viewer.principalId}`;
}

async function getRunOf(db: Db, id: string, viewer: Viewer): Promise<WorkflowRun> {
  const run = await findRun(db, id);
  if (run === undefined || !isVisible(run, viewer)) throw new Fault('request.not_found', { message: 'There is no run of this id.', reason: 'run' });
  return run;
}

export const listWorkflows = bindRead(ListWorkflows, async ({ services, viewer }) => ({ items: services.objects().filter((object) => object.kind === kind && maySee(viewer, object)).map(showWorkflow) }));

export const putWorkflow = bindChange(PutWorkflow, async ({ params: { name }, body, viewer, draft }) => {
  const { name: _name, ...definition } = body.definition as JsonObject;
  const known = draft.find({ kind, name });
  if (known !== undefined && !maySee(viewer, known)) throw new Fault('request.conflict', { message: 'A workflow of this name is there already.' });
  const isPublic = body.public && known?.owner !== undefined;
  if (isPublic) throw new Fault('request.conflict', { message: 'This workflow is private: remove it, then store it for everybody.' });
  const object = known === undefined ? await createObject(draft, { kind, name, body: definition, visibility: body.public ? 'public' : 'private' }, viewer) : await changeObject(draft, { kind, name, change: () => definition, ifMatch: undefined }, viewer);
  return { answer: showWorkflow(object), event: { subject: name, detail: { steps: (normalized(kind, object.body)['steps'] as readonly unknown[]).length } } };
});

export const deleteWorkflow = bindChange(DeleteWorkflow, async ({ params: { name }, viewer, draft }) => {
  const object = getChangeable(draft, { kind, name }, { viewer, ifMatch: undefined });
  await draft.delete(object);
  return { answer: showWorkflow(object), event: { subject: name } };
});

export const listWorkflowRuns = bindRead(ListRuns, async ({ db, query: asked, viewer }) => {
  const { workflow, status, before, limit } = asked;
  const runs = await listRuns(db, { limit, workflow, status, beforeId: before });
  return { items: runs.filter((run) => isVisible(run, viewer)).map((run) => showRun(run)) };
});

export const getWorkflowRun = bindRead(GetRun, async ({ db, params, viewer }) => showRun(await getRunOf(db, params.id, viewer), await listSteps(db, params.id)));

export const startWorkflowRun = bindAction(StartRun, {
  begin: ({ params }) => ({ subject: params.name }),
  act: async ({ params, body, services, viewer, principal }) => {
    getObject(services.objects(), { kind, name: params.name }, viewer);
    return showRun(await servicesOf(services).start(params.name, principal, body.inputs as JsonObject));
  },
});

export const resolveWorkflowStep = bindAction(ResolveStep, {
  begin: ({ params, body }) => ({ subject: params.id, detail: { key: body.key, decision: body.decision } }),
  act: async ({ params, body, services, viewer }) => {
    await query(services.storage.db, (db) => getRunOf(db, params.id, viewer));
    const decision: StepDecision = body.decision === 'done' ? { kind: 'done', result: (body.result ?? null) as JsonValue } : { kind: body.decision };
    return showRun(await servicesOf(services).resolve(params.id, body.key, decision));
  },
});
