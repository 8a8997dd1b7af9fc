/** What is shipped for deployment, as far as it can be looked at without an engine: what files must have in common, they have. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { SETTING_SOURCES } from '../src/config.ts';

const ROOT = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

interface Service {
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly volumes?: readonly string[];
}

test('the gateways of the compose file are one instance, and each has a folder of its own', () => {
  const { services, volumes } = parse(read('docker-compose.yml'), { merge: true }) as { services: Record<string, Service>; volumes: Record<string, unknown> };
  const gateways = Object.entries(services).filter(([name]) => name.startsWith('gateway-'));
  expect(gateways).toHaveLength(2);
  for (const [name, { environment = {}, volumes: mounted = [] }] of gateways) {
    expect(environment).toMatchObject({ METAMCP_INSTANCE_KEY: expect.stringContaining('METAMCP_INSTANCE_KEY:?'), METAMCP_REPLICA_PORT: 12009, METAMCP_REPLICA_HOST: name });
    expect(Object.keys(volumes)).toContain(mounted[0]?.split(':')[0]);
  }
  expect(new Set(gateways.map(([, { volumes: mounted }]) => mounted?.[0])).size).toBe(2);
  const upstream = [...read('deploy/proxies/nginx-compose.conf').matchAll(/server (gateway-\d):12008;/g)].map((match) => match[1]);
  expect(upstream).toEqual(gateways.map(([name]) => name));
});

test('variables that deployment files set are read by the gateway', () => {
  const known = new Set<string>([...Object.values(SETTING_SOURCES).flatMap(({ variables }) => [...variables]), 'METAMCP_INSTANCE_KEY', 'METAMCP_INSTANCE_KEY_FILE']);
  const files = ['docker-compose.yml', 'deploy/systemd/metamcp.service', 'deploy/helm/metamcp/templates/statefulset.yaml'];
  const named = files.flatMap((file) => [...read(file).matchAll(/\bMETAMCP_[A-Z_]+\b/g)].map((match) => match[0]));
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => !known.has(name))).toEqual([]);
});

test('no proxy sends a request again that was sent, and each keeps streams whole', () => {
  for (const file of ['nginx.conf', 'nginx-replicas.conf', 'nginx-compose.conf']) {
    const text = read(`deploy/proxies/${file}`);
    expect(text).toMatch(/proxy_buffering off;/);
    expect(text).toMatch(/proxy_read_timeout 1h;/);
    expect(/proxy_next_upstream ([^;]+);/.exec(text)?.[1]).toMatch(/^(off|error timeout)$/);
  }
});

const CHART = join(ROOT, 'deploy/helm/metamcp');
const templates = readdirSync(join(CHART, 'templates')).map((file) => readFileSync(join(CHART, 'templates', file), 'utf8'));

test('the chart’s values fit their schema, and wrong ones do not', () => {
  const validate = new Ajv2020().compile(JSON.parse(readFileSync(join(CHART, 'values.schema.json'), 'utf8')) as object);
  const values = parse(readFileSync(join(CHART, 'values.yaml'), 'utf8')) as Record<string, unknown>;
  expect([validate(values), validate.errors]).toEqual([true, null]);
  for (const wrong of [{ replicaCount: 0 }, { replicas: 2 }, { image: { repository: 'metamcp', digest: 'latest' } }, { publicUrl: ['mcp.example'] }]) expect(validate({ ...values, ...wrong })).toBe(false);
});

test('a template uses only values that the chart has, and closes what it opens', () => {
  const values = parse(readFileSync(join(CHART, 'values.yaml'), 'utf8')) as Record<string, unknown>;
  const used = new Set(templates.flatMap((text) => [...text.matchAll(/\.Values\.([\w.]+)/g)].map((match) => match[1] ?? '')));
  const find = (path: string): unknown => path.split('.').reduce<unknown>((value, name) => (typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined), values);
  expect(used.size).toBeGreaterThan(20);
  expect([...used].filter((path) => find(path) === undefined)).toEqual([]);
  for (const text of templates) {
    const opened = text.match(/\{\{-? *(?:if|with|range|define)\b/g)?.length ?? 0;
    expect(text.match(/\{\{-? *end\b|\{\{ end\b/g)?.length ?? 0).toBe(opened);
  }
});
