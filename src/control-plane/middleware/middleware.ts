import { z } from 'zod';
import { type Fault, toFault } from '../../base/fault.ts';
import { ListMiddleware, TryMiddleware } from '../../contract/middleware.ts';
import { compose } from '../../middleware/middleware.ts';
import { compileStep, inOrder, manifests, type StepProblem } from '../../middleware/registry.ts';
import { configInvalid } from '../../model/config-problem.ts';
import type { MiddlewareConfig } from '../../model/middleware-config.ts';
import type { CallOutcome, Step } from '../../model/middleware.ts';
import { RawObject } from '../../protocol/envelope.ts';
import type { JsonObject } from '../../protocol/messages.ts';
import { bindRead } from '../operation.ts';

export const listMiddleware = bindRead(ListMiddleware, async () => ({
  items: manifests().map(({ name, version, manifestVersion, description, onFailure, options }) => ({ name, version, manifestVersion, description, onFailure, options: { ...z.toJSONSchema(options, { io: 'input' }) } })),
}));

/** Throws `config.invalid` for a chain that a namespace could not have. */
export const tryMiddleware = bindRead(TryMiddleware, async ({ body, principal, services }) => {
  const steps = compileAll(body.middleware).filter((step) => step.covers(body.server, body.tool));
  const failures: { middleware: string; hook: string; detail: string }[] = [];
  const definition = shown(steps, body.definition as JsonObject | undefined, body.server);
  let sent: JsonObject | undefined;
  const context = {
    method: 'tools/call',
    server: body.server,
    own: body.tool,
    principal: principal.id,
    definition,
    services: { clock: services.clock, failed: (middleware: string, hook: string, detail: string) => void failures.push({ middleware, hook, detail }) },
  };
  const innermost = (params: JsonObject): Promise<CallOutcome> => {
    sent = params;
    return Promise.resolve({ kind: 'result', result: RawObject.of(body.result as JsonObject) });
  };
  const chain = compose(
    steps.flatMap(({ around }) => (around === undefined ? [] : [around])),
    innermost,
    context,
  );
  const outcome = await chain({ name: body.tool, arguments: body.arguments as JsonObject }).catch((thrown: unknown): CallOutcome => ({ kind: 'fault', fault: toFault(thrown) }));
  return {
    arguments: sent === undefined ? null : { ...(sent['arguments'] as JsonObject | undefined) },
    result: outcome.kind === 'result' ? { ...outcome.result.value } : null,
    definition: definition === undefined ? null : { ...definition },
    fault: outcome.kind === 'fault' ? faultOf(outcome.fault) : null,
    failures,
  };
});

function compileAll(configs: (typeof TryMiddleware.body)['_output']['middleware']): Step[] {
  const compiled = configs.map((config) => compileStep(config as MiddlewareConfig));
  const problems = compiled.flatMap((step, index) => (Array.isArray(step) ? (step as readonly StepProblem[]).map(({ path, message }) => ({ path: ['middleware', index, ...path].join('.'), line: undefined, column: undefined, message })) : []));
  if (problems.length > 0) throw configInvalid(problems);
  return [...inOrder(compiled as Step[])];
}

function shown(steps: readonly Step[], definition: JsonObject | undefined, server: string): JsonObject | undefined {
  return steps.reduce<JsonObject | undefined>((seen, { onDefinition }) => (seen === undefined || onDefinition === undefined ? seen : onDefinition(seen, { primitive: 'tool', server })), definition);
}

function faultOf({ code, message, detail }: Fault): { code: string; message: string; detail: string | null } {
  return { code, message, detail: detail ?? null };
}
