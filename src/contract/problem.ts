/** How the admin API refuses: a problem details object (RFC 9457), as `application/problem+json`. */
import { z } from 'zod';

export const PROBLEM_TYPE = 'application/problem+json';

/** One value that is not as it must be. What was sent is never repeated: it may be a secret. */
export const FieldErrorSchema = z
  .object({
    path: z.string().meta({ description: 'Where, e.g. body.endpoints[0]' }),
    expected: z.string().meta({ description: 'What would have been right' }),
    message: z.string().meta({ description: 'The same as a sentence' }),
  })
  .meta({ id: 'FieldError' });
export type FieldError = z.infer<typeof FieldErrorSchema>;

export const ProblemSchema = z
  .object({
    type: z.string().meta({ description: 'urn:metamcp:fault: and the code' }),
    title: z.string(),
    detail: z.string().optional(),
    status: z.int(),
    instance: z.string().meta({ description: 'urn:metamcp:request: and the id under which the log knows it' }),
    code: z.string(),
    failedAt: z.enum(['client', 'auth', 'policy', 'routing', 'server', 'tool', 'gateway']),
    isRetryable: z.boolean(),
    reason: z.string().optional(),
    errors: z.array(FieldErrorSchema).optional(),
  })
  .meta({ id: 'Problem', description: 'A refusal (RFC 9457)' });
export type Problem = z.infer<typeof ProblemSchema>;
