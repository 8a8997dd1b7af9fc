/** The pages of the documentation site, in the order of its menu. A test looks that every document is here once. */

export interface Chapter {
  readonly title: string;
  /** Files of the repository. */
  readonly pages: readonly string[];
}

const guides = (...names: readonly string[]): string[] => names.map((name) => `docs/guides/${name}.md`);

export const CHAPTERS: readonly Chapter[] = [
  { title: 'Start', pages: ['README.md', ...guides('first-start', 'configuration', 'migration', 'web-ui', 'platforms')] },
  { title: 'Concepts', pages: ['docs/architecture.md', 'docs/glossary.md', 'docs/compatibility.md'] },
  { title: 'Clients and servers', pages: guides('clients', 'servers-that-ask', 'inspector', 'playground') },
  { title: 'Many tools', pages: guides('search', 'orchestrator', 'templates', 'openapi', 'workflows') },
  { title: 'People and identity providers', pages: guides('people') },
  { title: 'Policies', pages: guides('policies', 'approvals', 'limits', 'middleware', 'tool-integrity', 'audit', 'costs') },
  { title: 'Operations', pages: [...guides('operations', 'deployment', 'placement', 'telemetry'), 'docs/scaling.md', 'docs/performance.md', 'docs/failure-modes.md'] },
  { title: 'Security', pages: ['SECURITY.md', 'docs/security.md'] },
];

/** Reached from other pages, not from the menu. */
export const FURTHER: readonly string[] = ['README.zh.md', 'CONTRIBUTING.md'];
/** All documents in it are decisions. */
export const DECISIONS = 'docs/adr';
export const API_DOCUMENT = 'docs/admin-api.json';
