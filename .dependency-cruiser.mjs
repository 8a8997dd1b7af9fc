// Who may import whom. The table is the architecture; the rest turns it into rules.
// A folder may import itself and the folders on its line. Listed from the bottom up.
const MAY_IMPORT = {
  base: [],
  listener: ['base'],
  protocol: ['base'],
  model: ['base', 'protocol'],
  policy: ['base', 'model', 'protocol'],
  auth: ['base', 'model'],
  audit: ['base', 'model'],
  observability: ['base'],
  search: ['base', 'model', 'protocol'],
  'code-mode': ['base', 'model', 'protocol', 'search'],
  middleware: ['base', 'model', 'protocol'],
  upstream: ['base', 'model', 'protocol', 'observability', 'serving'],
  snapshot: ['base', 'model', 'protocol', 'policy', 'middleware'],
  workflows: ['base', 'model', 'protocol'],
  serving: ['base', 'protocol'],
  templates: ['base', 'model', 'protocol', 'serving', 'upstream'],
  orchestrator: ['base', 'model', 'protocol', 'search', 'serving', 'templates', 'upstream', 'workflows'],
  'data-plane': ['base', 'model', 'protocol', 'policy', 'auth', 'audit', 'observability', 'search', 'code-mode', 'middleware', 'upstream', 'snapshot', 'workflows'],
  storage: ['base', 'protocol', 'model', 'audit'],
  replicas: ['base', 'model', 'protocol', 'storage'],
  contract: ['base', 'model'],
  'control-plane': ['base', 'protocol', 'model', 'policy', 'middleware', 'contract', 'auth', 'audit', 'observability', 'snapshot', 'storage'],
  cli: ['base', 'model', 'protocol', 'contract'],
  // A real MCP server that new users get; started as a child process, never imported.
  sample: ['base', 'protocol', 'serving'],
};

// A package that may be imported from these places only.
const ONLY_IN = {
  kysely: ['^src/storage/', '^src/control-plane/serve[.]ts$'],
  'better-sqlite3': ['^src/storage/'],
  pg: ['^src/storage/'],
  hono: ['^src/contract/', '^src/control-plane/', '^src/(wiring/|gateway[.]ts$)'],
  undici: ['^src/upstream/', '^src/cli/', '^src/templates/'],
  'cross-spawn': ['^src/upstream/stdio/', '^src/cli/'],
  'eventsource-parser': ['^src/upstream/', '^src/cli/', '^ui/mcp/', '^ui/api/'],
  'ipaddr.js': ['^src/upstream/', '^src/base/', '^src/auth/', '^src/data-plane/'],
  '@modelcontextprotocol/client': ['^src/upstream/', '^src/cli/sign-in/'],
  'quickjs-wasi': ['^src/code-mode/'],
  ioredis: ['^src/data-plane/(limit-store|shared-results)[.]ts$'],
  citty: ['^src/cli/', '^src/main[.]ts$'],
  '@clack/prompts': ['^src/cli/'],
  react: ['^ui/'],
  'openapi-fetch': ['^ui/api/'],
  '@codemirror/view': ['^ui/components/'],
  // Processes are started where their end is watched: servers by the runtime, the gateway by its command line, the check of the record's files by whoever ends it (ADR 0028).
  'node:child_process': ['^src/upstream/stdio/', '^src/cli/', '^src/wiring/audit-files-check[.]ts$'],
};

/** Puts the parts together and may know them all; nobody below knows it. */
MAY_IMPORT.wiring = Object.keys(MAY_IMPORT);

const TEST = '[.]test[.]tsx?$';
const STAGES = 'receive|identify|decode|resolve|throttle|admit|dispatch|answer|record';
// Started by path in a process of its own (a child, a worker thread), so nobody imports it.
const STARTED_BY_PATH = ['^src/sample/', '^src/templates/(run-template[.]ts|[^/]+/)', '^src/upstream/stdio/(watcher|guard)[.]ts$', '[.]worker[.]ts$'];
const error = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

const layers = Object.entries(MAY_IMPORT).map(([folder, allowed]) =>
  error(
    `${folder}-imports`,
    `src/${folder} may import: ${allowed.join(', ') || 'nothing'}`,
    { path: `^src/${folder}/`, pathNot: TEST },
    { path: '^(src|ui|test|bench|scripts)/', pathNot: [`^src/(${[folder, ...allowed].join('|')})/`, ...(folder === 'wiring' ? ['^src/config[.]ts$'] : [])] },
  ),
);

const only = Object.entries(ONLY_IN).map(([name, homes]) =>
  error(
    `only-${name}`,
    `${name} stays behind ${homes.join(', ')}`,
    { path: '^(src|ui)/', pathNot: [...homes, TEST] },
    { path: name.startsWith('node:') ? `^(node:)?${name.slice(5)}$` : `(^|/)node_modules/(@types/)?${name}(/|$)` },
  ),
);

export default {
  forbidden: [
    ...layers,
    ...only,
    error(
      'known-room',
      'A new folder in src/ needs a line in the table.',
      { path: '^src/[^/]+/', pathNot: `^src/(${Object.keys(MAY_IMPORT).join('|')})/` },
      {},
    ),
    error('no-cycle', 'Types count too: a cycle of types is a cycle of ideas.', {}, { circular: true }),
    error(
      'pure',
      'These are arithmetic: no input, no output, no clock. Buffers are bytes, and a digest is arithmetic too.',
      { path: '^src/(protocol|model|policy|snapshot)/', pathNot: TEST },
      { dependencyTypes: ['core'], pathNot: '^(node:)?(buffer|crypto)$' },
    ),
    error(
      'stages-are-strangers',
      'Only serve.ts knows the order of the stages.',
      { path: `^src/data-plane/(${STAGES})[.]ts$` },
      { path: `^src/data-plane/(${STAGES}|serve)[.]ts$` },
    ),
    error(
      'siblings-are-strangers',
      'Runtimes, middleware, admin nouns and UI features meet one level up; the dialer carries both http and sse, and every noun is an object of the configuration.',
      { path: '^(src/upstream|src/middleware|src/control-plane|ui/features)/([^/]+)/' },
      { path: '^$1/[^/]+/', pathNot: ['^$1/$2/', '^src/upstream/dialer/', '^src/control-plane/(configuration|objects|config-file)/'] },
    ),
    error('ui-sees-the-contract-only', 'The UI is a client like any other.', { path: '^ui/' }, { path: '^(src|test)/', pathNot: '^src/contract/' }),
    error('ui-downwards', 'app, then features, then components, then api and texts.', { path: '^ui/components/' }, { path: '^ui/(app|features)/' }),
    error('ui-features-not-app', 'app, then features, then components.', { path: '^ui/features/' }, { path: '^ui/app/' }),
    error('ui-foundations', 'What is asked and said knows nothing of how it looks.', { path: '^ui/(api|mcp|texts)/' }, { path: '^ui/(app|features|components)/' }),
    error(
      'wiring-is-the-top',
      'Only main.ts, the serve command beside it and tests import gateway.ts.',
      { path: '^(src|ui)/', pathNot: ['^src/(main|program|serve-command)[.]ts$', TEST] },
      { path: '^src/(gateway|main|program)[.]ts$' },
    ),
    error('wiring-is-nearly-the-top', 'Only gateway.ts and the serve command put parts together.', { path: '^src/', pathNot: ['^src/(wiring/|(gateway|serve-command|start-message)[.]ts$)', TEST] }, { path: '^src/wiring/' }),
    error(
      'config-is-read-at-the-top',
      'Settings reach the rest as arguments.',
      { path: '^src/[^/]+/', pathNot: ['^src/(cli|wiring)/', TEST] },
      { path: '^src/config[.]ts$' },
    ),
    error('sample-is-a-process', 'The sample server is started by path.', { path: '^src/', pathNot: ['^src/sample/'] }, { path: '^src/sample/' }),
    error('no-test-code-in-source', 'Tests import source, never the other way.', { path: '^(src|ui)/', pathNot: TEST }, { path: `^test/|${TEST}` }),
    error(
      'no-dev-package-in-source',
      'A production install has no development packages.',
      { path: '^src/', pathNot: TEST },
      { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['npm', 'npm-optional'], pathNot: 'node_modules/@types/' },
    ),
    error('resolvable', 'Names nothing.', {}, { couldNotResolve: true }),
    error('no-orphan', 'A file nobody imports.', { orphan: true, path: '^src/', pathNot: [TEST, '^src/main[.]ts$', '[.]d[.]ts$', ...STARTED_BY_PATH] }, {}),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], extensions: ['.ts', '.tsx', '.js'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
