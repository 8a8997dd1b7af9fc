import fc from 'fast-check';
import { expect, test } from 'vitest';
import { distributionsOf, type MetricSource, samplesOf } from './metric-source.ts';
import { prometheusText } from './prometheus-text.ts';
import { type CountedRequest, RequestTally } from './request-tally.ts';

const REQUEST: CountedRequest = { endpoint: 'dev', method: 'tools/call', server: 'files', primitive: 'read', outcome: 'ok', httpStatus: 200, durationMs: 15 };

function sourceOf(tally: RequestTally, name: string): MetricSource {
  const found = tally.sources().find((source) => source.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

function count(tally: RequestTally, ...requests: Partial<CountedRequest>[]): void {
  for (const request of requests) {
    tally.begun();
    tally.ended({ ...REQUEST, ...request });
  }
}

test('totals add up what the labels tell apart, and no label names anything', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ endpoint: fc.constantFrom('a', 'b'), server: fc.constantFrom('x', 'y', undefined), primitive: fc.string(), outcome: fc.constantFrom('ok', 'limit.overloaded', 'rpc:-32602'), durationMs: fc.double({ min: 0, max: 1e6, noNaN: true }) })), (requests) => {
      const tally = new RequestTally();
      count(tally, ...requests);
      const source = sourceOf(tally, 'metamcp.requests');
      const duration = sourceOf(tally, 'mcp.server.operation.duration');
      if (source.kind === 'histogram' || duration.kind !== 'histogram') throw new Error('wrong kinds');
      const sum = (all: readonly { readonly value: number }[]): number => all.reduce((total, { value }) => total + value, 0);
      expect(sum(samplesOf(source, 'totals'))).toBe(requests.length);
      expect(sum(samplesOf(source, 'labelled'))).toBe(requests.length);
      for (const { labels } of samplesOf(source, 'totals')) expect(Object.keys(labels)).toEqual(['method', 'outcome']);
      for (const one of distributionsOf(duration, 'totals')) {
        expect(one.bucketCounts.reduce((total, value) => total + value, 0)).toBe(one.count);
        expect(one.count).toBe(requests.length);
      }
    }),
  );
});

test('whoever invents names makes no series without end', () => {
  const tally = new RequestTally();
  count(tally, ...Array.from({ length: 6_000 }, (_, index) => ({ primitive: `tool-${index}`, outcome: `rpc:${index}` })), ...Array.from({ length: 100 }, (_, index) => ({ method: `x/${index}`, outcome: 'request.method_unknown' })));
  const source = sourceOf(tally, 'metamcp.requests');
  if (source.kind === 'histogram') throw new Error('wrong kind');
  const samples = source.read();
  expect(samples.length).toBeLessThanOrEqual(5_010);
  expect(samples.reduce((total, { value }) => total + value, 0)).toBe(6_100);
  expect(samples.some(({ labels }) => labels['method']?.startsWith('x/') === true)).toBe(false);
});

test('what a server calls its tool cannot break out of its line', () => {
  const tally = new RequestTally();
  count(tally, { primitive: 'a"} 1\nmetamcp_requests_total{x="' });
  const lines = prometheusText(tally.sources(), 'labelled', 0).split('\n');
  expect(lines.filter((line) => line.startsWith('metamcp_requests_total'))).toEqual([String.raw`metamcp_requests_total{endpoint="dev",method="tools/call",server="files",primitive="a\"} 1\nmetamcp_requests_total{x=\"",outcome="ok"} 1`]);
});

test('requests in flight, limits and answers are counted', () => {
  const tally = new RequestTally();
  tally.begun();
  count(tally, { outcome: 'limit.rate_exceeded', httpStatus: 429 }, { outcome: 'gateway.bug', httpStatus: 500 });
  tally.refused('auth.credential_missing', 401);
  const text = prometheusText(tally.sources(), 'totals', 0);
  for (const line of ['metamcp_requests_in_flight 1', 'metamcp_limits_hit_total{code="limit.rate_exceeded"} 1', 'metamcp_refusals_total{code="auth.credential_missing"} 1', 'metamcp_http_responses_total{surface="mcp",status="5xx"} 1', 'mcp_server_operation_duration_seconds_bucket{method="tools/call",le="0.02"} 2']) expect(text).toContain(line);
});
