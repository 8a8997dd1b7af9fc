/** What is recorded of requests, as the admin API shows it: shared by audit and traffic. */
import { z } from 'zod';

const name = z.string().max(1_000);

export const DecisionSchema = z
  .object({
    effect: z.string().meta({ description: 'allow, approve or deny' }),
    rule: z.string(),
    shadowEffect: z.string().nullable().meta({ description: 'What policies in shadow mode would have decided' }),
    shadowRule: z.string().nullable(),
    approval: z.string().nullable().meta({ description: 'Id of the approval that let it through' }),
  })
  .meta({ id: 'RecordedDecision' });

/** Members that a record of a request has wherever it is shown. */
export const RequestShape = {
  at: z.iso.datetime(),
  principal: z.object({ kind: z.string(), id: z.string(), name: z.string() }).nullable().meta({ description: 'null: nobody was proven' }),
  key: z.string().nullable().meta({ description: 'Id of the key that was shown' }),
  client: z.string().nullable().meta({ description: 'Name and version that the client gave' }),
  session: z.string().nullable(),
  address: z.string().nullable().meta({ description: 'Of the client' }),
  endpoint: z.string().nullable(),
  namespace: z.string().nullable(),
  method: z.string().nullable().meta({ description: 'MCP method, e.g. tools/call' }),
  server: z.string().nullable(),
  tool: z.string().nullable().meta({ description: "The server's own name of the tool or prompt, or the URI of the resource" }),
  exposed: z.string().nullable().meta({ description: 'The name that the client used' }),
  outcome: z
    .string()
    .nullable()
    .meta({ description: 'ok, tool_error, a fault code, rpc:CODE for an error of the server, unknown where the gateway ended first; null while it runs' }),
  failedAt: z.string().nullable().meta({ description: 'client, auth, policy, routing, server, tool or gateway' }),
  decision: DecisionSchema.nullable(),
  isWrite: z.boolean().meta({ description: 'Neither the operator nor the tool says that it only reads' }),
  isDispatched: z.boolean().meta({ description: 'It was sent to a server' }),
  durationMs: z.number().nullable(),
  upstreamMs: z.number().nullable(),
  bytesIn: z.int(),
  bytesOut: z.int(),
  tokens: z.int().meta({ description: 'Estimated, of arguments and result: bytes / 4' }),
  cost: z.number().nullable().meta({ description: 'In the currency of the prices; null where no price applies' }),
  traceId: z.string().nullable(),
} as const;

const moment = z.iso.datetime({ offset: true }).optional();

/** Filters that lists and exports of records share. */
export const RecordFilterShape = {
  principal: name.optional(),
  key: name.optional().meta({ description: 'Id of a key' }),
  endpoint: name.optional(),
  server: name.optional(),
  tool: name.optional().meta({ description: "The server's own name" }),
  method: name.optional(),
  outcome: name.optional().meta({ description: 'As recorded, or failed: all that is not ok' }),
  decision: z.enum(['allow', 'approve', 'deny']).optional(),
  from: moment.meta({ description: 'Not before' }),
  to: moment.meta({ description: 'Before' }),
} as const;

export const recordCursor = z
  .string()
  .regex(/^\d{1,16}$/)
  .optional()
  .meta({ description: 'nextCursor of the page before' });
