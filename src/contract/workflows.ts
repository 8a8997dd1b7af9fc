/** Workflows and their runs, as the admin API shows them. */
import { z } from 'zod';
import { RUN_STATUSES, STEP_STATUSES, WORKFLOW_NAME } from '../model/workflow.ts';
import type { Operation } from './operation.ts';

const instant = z.iso.datetime();
const name = z.string().regex(WORKFLOW_NAME);
const id = z.string().min(1).max(100);
const anyObject = z.record(z.string(), z.unknown());

export const WorkflowSchema = z
  .object({ name: z.string(), version: z.int(), owner: z.string().nullable(), updatedAt: instant, definition: anyObject.meta({ description: 'Endpoint, inputs, steps and bounds' }) })
  .meta({ id: 'Workflow', description: 'A stored graph of tool calls; a tool of every server of type workflows' });

export const ListWorkflows = { id: 'listWorkflows', method: 'GET', path: '/api/v1/workflows', summary: 'Stored workflows', access: 'namespace:read', answer: z.object({ items: z.array(WorkflowSchema) }), status: 200 } as const satisfies Operation;

export const PutWorkflow = {
  id: 'putWorkflow',
  method: 'PUT',
  path: '/api/v1/workflows/{name}',
  summary: 'Stores a workflow, or its next version. Runs that are under way keep the one they began with',
  access: 'namespace:write',
  params: z.strictObject({ name }),
  body: z.strictObject({ definition: anyObject.meta({ description: 'As the guide on workflows describes it' }), public: z.boolean().default(false).meta({ description: 'Everybody may run it, each as themselves' }) }),
  answer: WorkflowSchema,
  status: 200,
} as const satisfies Operation;

export const DeleteWorkflow = { id: 'deleteWorkflow', method: 'DELETE', path: '/api/v1/workflows/{name}', summary: 'Removes a workflow; its runs stay', access: 'namespace:write', params: z.strictObject({ name }), answer: WorkflowSchema, status: 200 } as const satisfies Operation;

export const StepSchema = z
  .object({ key: z.string(), step: z.string(), status: z.enum(STEP_STATUSES), attempts: z.int(), reason: z.string(), startedAt: instant, endedAt: instant.nullable(), durationMs: z.number().nullable() })
  .meta({ id: 'WorkflowStep' });

export const RunSchema = z
  .object({
    id: z.string(),
    workflow: z.string(),
    principal: z.string(),
    status: z.enum(RUN_STATUSES),
    reason: z.string(),
    startedAt: instant,
    endedAt: instant.nullable(),
    output: z.unknown().optional(),
    steps: z.array(StepSchema).optional(),
    edges: z.array(z.object({ from: z.string(), to: z.string() })).optional().meta({ description: 'Which step waits for which' }),
  })
  .meta({ id: 'WorkflowRun' });

export const ListRuns = {
  id: 'listWorkflowRuns',
  method: 'GET',
  path: '/api/v1/workflow-runs',
  summary: 'Runs of workflows, newest first',
  access: 'session:read',
  query: z.strictObject({ workflow: name.optional(), status: z.enum(RUN_STATUSES).optional(), before: id.optional(), limit: z.coerce.number().int().min(1).max(200).default(50) }),
  answer: z.object({ items: z.array(RunSchema) }),
  status: 200,
} as const satisfies Operation;

export const GetRun = { id: 'getWorkflowRun', method: 'GET', path: '/api/v1/workflow-runs/{id}', summary: 'A run with its steps, their timing and how they hang together', access: 'session:read', params: z.strictObject({ id }), answer: RunSchema, status: 200 } as const satisfies Operation;

export const StartRun = {
  id: 'startWorkflowRun',
  method: 'POST',
  path: '/api/v1/workflows/{name}/runs',
  summary: 'Starts a run, as who asks',
  access: 'server:call',
  params: z.strictObject({ name }),
  body: z.strictObject({ inputs: anyObject.default({}) }),
  answer: RunSchema,
  status: 201,
} as const satisfies Operation;

export const ResolveStep = {
  id: 'resolveWorkflowStep',
  method: 'POST',
  path: '/api/v1/workflow-runs/{id}/resolve',
  summary: 'Says what became of a step whose outcome is not known; the run goes on from there',
  access: 'server:call',
  params: z.strictObject({ id }),
  body: z.strictObject({ key: z.string().min(1).max(100), decision: z.enum(['done', 'failed', 'retry']), result: z.unknown().optional() }),
  answer: RunSchema,
  status: 200,
} as const satisfies Operation;
