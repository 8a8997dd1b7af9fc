/** The pages of the documentation site, in the order of its menu. A test looks that every document is here once. */

export interface Chapter {
  readonly title: string;
  /** Files of the repository. */
  readonly pages: readonly string[];
}

const guides = (...names: readonly string[]): string[] => names.map((name) => `docs/guides/${name}.md`);

const within = (folder: string, ...names: readonly string[]): string[] => guides(...names.map((name) => `${folder}/${name}`));

export const CHAPTERS: readonly Chapter[] = [
  { title: 'Start', pages: ['README.md', ...guides('first-start', 'configuration', 'web-ui', 'platforms')] },
  { title: 'Concepts', pages: [...guides('concepts'), 'docs/architecture.md', 'docs/glossary.md', 'docs/compatibility.md'] },
  { title: 'Clients', pages: [...guides('clients'), ...within('clients', 'claude-desktop', 'claude-code', 'cursor', 'vscode', 'windsurf', 'zed', 'continue', 'cline', 'gemini', 'open-webui', 'stdio')] },
  { title: 'Servers', pages: guides('servers-that-ask', 'openapi', 'templates', 'inspector', 'playground') },
  { title: 'Many tools', pages: guides('search', 'routing', 'orchestrator', 'workflows') },
  { title: 'People', pages: guides('people') },
  { title: 'Identity providers', pages: [...guides('identity-providers'), ...within('identity', 'keycloak', 'entra-id', 'okta', 'auth0', 'google', 'authentik', 'dex', 'github')] },
  { title: 'Policies', pages: [...guides('policies'), ...within('policies', 'read-only-agent', 'business-hours', 'tools-per-agent', 'argument-bounds', 'approve-destructive'), ...guides('approvals', 'limits', 'middleware', 'tool-integrity', 'audit', 'costs')] },
  { title: 'Coming from elsewhere', pages: [...guides('migration'), ...within('migration', 'client-files', 'metatool-metamcp', 'mcp-hub', 'mcphub', '1mcp', 'mcp-proxy')] },
  { title: 'Operations', pages: [...guides('operations', 'deployment', 'upgrading', 'placement', 'telemetry'), 'docs/scaling.md', 'docs/performance.md', 'docs/failure-modes.md'] },
  { title: 'Security', pages: ['SECURITY.md', 'docs/security.md'] },
];

/** Reached from other pages, not from the menu. */
export const FURTHER: readonly string[] = ['README.zh.md', 'CONTRIBUTING.md'];
/** All documents in it are decisions. */
export const DECISIONS = 'docs/adr';
export const API_DOCUMENT = 'docs/admin-api.json';
