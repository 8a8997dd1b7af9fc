/** Configurations, policies, conditions, templates and their parameters that nobody should write. */
import { createHash } from 'node:crypto';
import { Fault } from '../../src/base/fault.ts';
import { type ConfigInput, parseConfigDocument } from '../../src/model/config-document.ts';
import { readParameters, TemplateSchema } from '../../src/model/template.ts';
import { compileCondition } from '../../src/policy/condition.ts';
import { compile } from '../../src/snapshot/compile.ts';
import { damaged, mutateJson, pick, type Random } from './mutate.ts';

const DOCUMENT = {
  servers: { files: { command: 'files', args: ['-x', '${HOME}'], env: { A: 'b' } }, far: { url: 'https://far.example/mcp', headers: { 'X-A': '${B:-c}' } } },
  policies: { p: { rules: [{ effect: 'deny', name: 'r', who: { kinds: ['key'], groups: ['a*'] }, what: { servers: ['files'], names: ['*'] }, arguments: [{ at: '/path', matches: '^/etc' }, { at: '/n', max: 3 }], time: { from: '08:00', to: '18:00' }, when: 'args.n < 3 && name.startsWith("r")' }] } },
  namespaces: { dev: { servers: ['files', { server: 'far', as: 'f' }], tools: { files__read: { name: 'read', enabled: true } }, middleware: [{ use: 'redact', with: { secrets: true } }, { use: 'truncate', with: { bytesMax: 1_000 } }], policies: ['p'] } },
  endpoints: { dev: { namespace: 'dev', auth: { apiKey: true, oauth: false, query: false }, limits: [{ scope: 'client', by: 'key', max: 5, seconds: 60 }] } },
};
const TEMPLATE = { name: 'sum', title: 'Sum', description: 'Adds', version: '1.0.0', capabilities: ['add'], file: 'sum.ts', stateless: true, egress: 'none', files: 'none', parameters: { root: { type: 'folder', description: 'r' }, word: { type: 'string', description: 'w', pattern: '^[a-z]+$', default: 'a' }, n: { type: 'integer', description: 'n', minimum: 1, maximum: 9 } } };
const CONDITIONS = ['args.n < 3', 'has(args.n) && args.n in [1, 2, 3]', 'name.matches("^a+$")', 'args.list.all(x, x > 1)', 'timestamp(now).getHours() < 12', 'principal.labels.agent == "r" ? true : false', 'size(args) > 0 || server == "files"'];
const FACTS = { method: 'tools/call', endpoint: 'dev', namespace: 'dev', server: 'files', as: 'files', primitive: 'tool', name: 'read', arguments: { n: 2, list: [1, 2] }, principal: { kind: 'key', id: 'k', name: 'k', groups: [], labels: {} }, claimed: undefined, risk: 'destructive', atMs: 1_700_000_000_000 };
const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** What went wrong beside a refusal in our words; nothing where all is well. */
export type DocumentAttack = (random: Random) => string | undefined;

export const DOCUMENT_ATTACKS: Readonly<Record<'configuration' | 'condition' | 'template', DocumentAttack>> = {
  configuration: (random) =>
    refusedAtMost(() => {
      const document = parsed(mutateJson(DOCUMENT as never, random));
      if (document !== undefined) compile(parseConfigDocument(document as ConfigInput), { generation: 1, digest, keyDigest: digest, findCommand: (command) => `/bin/${command}`, environment: {} });
    }),
  condition: (random) => {
    const text = damaged(pick(random, CONDITIONS), random);
    const condition = compileCondition(random() < 0.5 ? text : damaged(text, random));
    if (typeof condition === 'string') return undefined;
    try {
      condition.holds(FACTS as never);
    } catch (thrown) {
      // An evaluation that fails denies; one that overflows the stack or is a mistake of ours does not fail by rule.
      return thrown instanceof RangeError || thrown instanceof ReferenceError ? String(thrown) : undefined;
    }
    return undefined;
  },
  template: (random) =>
    refusedAtMost(() => {
      const template = TemplateSchema.safeParse(parsed(mutateJson(TEMPLATE as never, random)));
      const given = parsed(mutateJson({ root: '/tmp', word: 'abc', n: 3 }, random));
      if (typeof given !== 'object' || given === null || Array.isArray(given)) return;
      const { values } = readParameters(TemplateSchema.parse(TEMPLATE), given as Record<string, unknown>);
      for (const value of Object.values(values)) if (typeof value === 'string' && (value.startsWith('-') || value.length > 256)) throw new Error(`${JSON.stringify(value)} was let through`);
      if (template.success) readParameters(template.data, given as Record<string, unknown>);
    }),
};

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refusedAtMost(run: () => void): string | undefined {
  try {
    run();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === 'config.invalid') return undefined;
    return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  }
}
