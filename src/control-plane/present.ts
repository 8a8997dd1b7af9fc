/** Answer or fault → HTTP. What the answer's schema does not name stays inside. */

import { z } from 'zod';
import { FAULTS, type Fault } from '../base/fault.ts';
import type { Operation } from '../contract/operation.ts';
import { type FieldError, FieldErrorSchema, PROBLEM_TYPE, type Problem } from '../contract/problem.ts';
import { type ConfigProblem, problemsOf } from '../model/config-problem.ts';
import type { StreamedAnswer } from './operation.ts';

const HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
} as const;

export function presentAnswer(operation: Operation, answer: unknown, setCookies: readonly string[] = []): Response {
  const body = operation.answer.parse(answer);
  const status = operation.isUnavailable?.(body) === true ? 503 : operation.status;
  const headers = new Headers(HEADERS);
  if (operation.isVersioned === true) headers.set('etag', etagOf(body));
  if (status === 303) headers.set('location', z.object({ location: z.string() }).parse(body).location);
  for (const line of setCookies) headers.append('set-cookie', line);
  return Response.json(body, { status, headers });
}

/** Part after part; a reader that goes ends the making of it. */
export function presentStream({ contentType, chunks, fileName }: StreamedAnswer): Response {
  const headers = new Headers({ ...HEADERS, 'content-type': `${contentType}; charset=utf-8` });
  if (fileName !== undefined) headers.set('content-disposition', `attachment; filename="${fileName}"`);
  // Proxies that collect answers would hold events back.
  if (contentType === 'text/event-stream') headers.set('x-accel-buffering', 'no');
  const encoder = new TextEncoder();
  const iterator = chunks[Symbol.asyncIterator]();
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = await iterator.next();
        if (next.done === true) controller.close();
        else controller.enqueue(encoder.encode(next.value));
      },
      async cancel() {
        await iterator.return?.();
      },
    },
    { highWaterMark: 1 },
  );
  return new Response(body, { status: 200, headers });
}

/** Of an answer that has a version. */
function etagOf(body: unknown): string {
  return `"${z.object({ version: z.int() }).parse(body).version}"`;
}

export function presentFault(fault: Fault, requestId: string): Response {
  const status = statusOf(fault);
  const errors = z.array(FieldErrorSchema).safeParse(fault.data?.['errors'] ?? problemsOf(fault).map(toFieldError));
  const problem: Problem = {
    type: `urn:metamcp:fault:${fault.code}`,
    title: fault.message,
    status,
    instance: `urn:metamcp:request:${requestId}`,
    code: fault.code,
    failedAt: FAULTS[fault.code].failedAt,
    isRetryable: fault.isRetryable,
    ...(fault.reason === undefined ? {} : { reason: fault.reason }),
    ...(errors.success && (errors.data.length > 0 || fault.data?.['errors'] !== undefined) ? { errors: errors.data } : {}),
  };
  return new Response(JSON.stringify(problem), { status, headers: { ...HEADERS, 'content-type': PROBLEM_TYPE, ...moreHeaders(fault, status) } });
}

/** A problem of a configuration; its message never quotes a value. */
function toFieldError({ path, line, column, message }: ConfigProblem): FieldError {
  const expected = /^(?:missing: )?expected (.+)$/s.exec(message)?.[1] ?? message;
  return { path, expected, message: line === undefined ? message : `line ${line}, column ${column}: ${message}` };
}

/** Faults behind an accepted MCP request say 200; here the status is all there is. */
function statusOf(fault: Fault): number {
  if (fault.http >= 400) return fault.http;
  const { failedAt } = FAULTS[fault.code];
  if (failedAt === 'server') return 502;
  if (failedAt === 'policy') return 403;
  return failedAt === 'routing' ? 404 : 500;
}

function moreHeaders(fault: Fault, status: number): Record<string, string> {
  const headers: Record<string, string> = {};
  // RFC 6750 section 3: an error code only where a credential was shown.
  if (status === 401) headers['www-authenticate'] = `Bearer realm="MetaMCP admin"${fault.code === 'auth.credential_invalid' ? ', error="invalid_token"' : ''}`;
  if (fault.retryAfterSeconds !== undefined) headers['retry-after'] = String(fault.retryAfterSeconds);
  if (typeof fault.data?.['allow'] === 'string') headers['allow'] = fault.data['allow'];
  return headers;
}
