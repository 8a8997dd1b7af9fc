import { expect, test } from 'vitest';
import { problemsOf } from '../model/config-problem.ts';
import { toFault } from '../base/fault.ts';
import { readTelemetrySettings } from './telemetry-settings.ts';

test('without an address nothing is exported', () => {
  expect(readTelemetrySettings({}).exported).toEqual({});
  expect(readTelemetrySettings({ OTEL_SDK_DISABLED: 'true', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a' }).exported).toEqual({});
});

test('the common address is a base, the address of a signal is taken as it is, and its headers win', () => {
  const { exported } = readTelemetrySettings({
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/',
    OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'https://logs.example/in',
    OTEL_EXPORTER_OTLP_HEADERS: 'a=1,b=x%20y',
    OTEL_EXPORTER_OTLP_LOGS_HEADERS: 'c=2',
    OTEL_METRICS_EXPORTER: 'none',
  });
  expect(exported).toEqual({
    traces: { url: 'http://collector:4318/v1/traces', headers: { a: '1', b: 'x y' }, timeoutMs: 10_000 },
    logs: { url: 'https://logs.example/in', headers: { c: '2' }, timeoutMs: 10_000 },
  });
});

test('samplers and names of the standard are understood', () => {
  const settings = readTelemetrySettings({ OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.05', OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=prod,service.name=x', OTEL_SERVICE_NAME: 'front' });
  expect(settings).toMatchObject({ traceRatio: 0.05, resource: { 'deployment.environment.name': 'prod', 'service.name': 'front' } });
  expect(readTelemetrySettings({ OTEL_TRACES_SAMPLER: 'always_off' }).traceRatio).toBe(0);
});

test('every problem is told at once, by its variable and without its value', () => {
  const read = (): unknown => readTelemetrySettings({ OTEL_EXPORTER_OTLP_ENDPOINT: 'secret-host', OTEL_TRACES_SAMPLER_ARG: '7', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_TRACES_SAMPLER: 'jaeger_remote' });
  expect(read).toThrow();
  try {
    read();
  } catch (thrown) {
    const problems = problemsOf(toFault(thrown));
    expect([...new Set(problems.map(({ path }) => path))].toSorted()).toEqual(['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_PROTOCOL', 'OTEL_TRACES_SAMPLER', 'OTEL_TRACES_SAMPLER_ARG']);
    expect(JSON.stringify(problems)).not.toContain('secret-host');
  }
});
