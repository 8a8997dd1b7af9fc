import { toIso } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import { DeleteWorkflow, GetRun, ListRuns, ListWorkflows, PutWorkflow, ResolveStep, type RunSchema, StartRun, type WorkflowSchema } from '../../contract/workflows.ts';
import { needsOf, type StepRecord, type WorkflowRun, WorkflowSchema as DefinitionSchema } from '../../model/workflow.ts';
import type { JsonObject, JsonValue } from '../../protocol/messages.ts';
import type { Db } from '../../storage/schema.ts';
import { query } from '../../storage/transaction.ts';
import { deleteWorkflow as removeWorkflow, findRun, findWorkflow, listRuns, listSteps, listWorkflows as readWorkflows, putWorkflow as storeWorkflow, type StoredWorkflow } from '../../storage/workflows.ts';
import type { Viewer } from '../configuration/visibility.ts';
import { type AdminServices, bindAction, bindRead, bindSteps } from '../operation.ts';
import type { StepDecision, WorkflowServices } from '../workflow-services.ts';
import type { z } from 'zod';

function servicesOf({ workflows }: AdminServices): WorkflowServices {
  if (workflows === undefined) throw new Fault('request.not_found');
  return workflows;
}

function maySeeWorkflow({ owner }: StoredWorkflow, viewer: Viewer): boolean {
  return owner === undefined || owner === viewer.principalId || viewer.permissions.has('private:all');
}

function mayChangeWorkflow({ owner }: StoredWorkflow, viewer: Viewer): boolean {
  return owner === undefined ? viewer.permissions.has('public:write') : owner === viewer.principalId;
}

function showWorkflow({ workflow, version, owner, updatedAtMs }: StoredWorkflow): z.input<typeof WorkflowSchema> {
  return { name: workflow.name, version, owner: owner ?? null, updatedAt: toIso(updatedAtMs), definition: { ...workflow } };
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

export const listWorkflows = bindRead(ListWorkflows, async ({ db, viewer }) => ({ items: (await readWorkflows(db)).filter((stored) => maySeeWorkflow(stored, viewer)).map(showWorkflow) }));

export const putWorkflow = bindSteps(PutWorkflow, async ({ params, body, viewer, services, commit }) => {
  const parsed = DefinitionSchema.safeParse({ ...body.definition, name: params.name });
  if (!parsed.success) throw new Fault('request.params_invalid', { data: { errors: parsed.error.issues.slice(0, 20).map((issue) => ({ path: `definition.${issue.path.join('.')}`, message: issue.message })) } });
  const owner = body.public ? undefined : viewer.principalId;
  if (body.public && !viewer.permissions.has('public:write')) throw new Fault('auth.scope_missing');
  const stored = await commit(async (tx) => {
    const known = await findWorkflow(tx, params.name);
    if (known !== undefined && !mayChangeWorkflow(known, viewer)) throw new Fault('request.conflict', { message: 'A workflow of this name is there already.' });
    return { result: await storeWorkflow(tx, parsed.data, { owner, atMs: services.clock.nowMs() }), event: { subject: params.name, detail: { steps: parsed.data.steps.length } } };
  });
  await servicesOf(services).changed();
  return showWorkflow(stored);
});

export const deleteWorkflow = bindSteps(DeleteWorkflow, async ({ params, viewer, services, commit }) => {
  const stored = await commit(async (tx) => {
    const known = await findWorkflow(tx, params.name);
    if (known === undefined || !maySeeWorkflow(known, viewer)) throw new Fault('request.not_found', { message: 'There is no workflow of this name.' });
    if (!mayChangeWorkflow(known, viewer)) throw new Fault('auth.scope_missing');
    await removeWorkflow(tx, params.name);
    return { result: known, event: { subject: params.name } };
  });
  await servicesOf(services).changed();
  return showWorkflow(stored);
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
    const stored = await query(services.storage.db, (db) => findWorkflow(db, params.name));
    if (stored === undefined || !maySeeWorkflow(stored, viewer)) throw new Fault('request.not_found', { message: 'There is no workflow of this name.' });
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
