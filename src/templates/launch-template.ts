/** How a template is started: the command, what it may see, and the rules around it. */
import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ParameterValues, Template } from '../model/template.ts';
import type { SandboxPlan } from '../upstream/stdio/sandbox.ts';

export interface TemplateLaunch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly sandbox: SandboxPlan;
}

export interface LaunchOptions {
  /** For files where no folder was given; exists, and belongs to this child alone. */
  readonly temporaryFolder: string;
  /** As `settings.egressAllow`: private networks that templates may reach as well. */
  readonly egressAllow: readonly string[];
  /** Absolute path of the Node that runs templates. */
  readonly node: string;
}

const RUNNER = fileURLToPath(new URL('./run-template.ts', import.meta.url));
const SOURCES = resolve(import.meta.dirname, '..');
const HEAP_MEGABYTES = 256;

/**
 * Every folder that our packages are found through: beside us in a checkout, around us in an installed package, and
 * where links of either lead.
 */
function packageFolders(): readonly string[] {
  const found = createRequire(import.meta.url).resolve('zod');
  const folders = [join(SOURCES, '..', 'node_modules'), aroundOf(SOURCES), aroundOf(found)].filter((folder) => folder !== undefined && existsSync(folder)) as string[];
  return [...new Set([...folders, ...folders.map((folder) => realpathSync(folder))])];
}

/** The innermost `node_modules` that a path lies in. */
function aroundOf(path: string): string | undefined {
  const at = path.lastIndexOf(`${sep}node_modules${sep}`);
  return at < 0 ? undefined : path.slice(0, at + `${sep}node_modules`.length);
}

export function launchTemplate(template: Template, parameters: ParameterValues, options: LaunchOptions): TemplateLaunch {
  const { temporaryFolder, node } = options;
  const given = Object.entries(template.parameters).find(([name, { type }]) => type === 'folder' && parameters[name] !== undefined)?.[0];
  const root = given === undefined ? temporaryFolder : String(parameters[given]);
  const origins = Object.entries(template.parameters).flatMap(([name, { type }]) => (type === 'url' && parameters[name] !== undefined ? [new URL(String(parameters[name])).origin] : []));
  const readable = [SOURCES, ...packageFolders(), template.folder, join(SOURCES, '..', 'package.json'), root, '/proc/self/fd', '/proc/self/stat'];
  const mayWrite = template.files === 'write';
  return {
    command: node,
    args: [
      `--max-old-space-size=${HEAP_MEGABYTES}`,
      // Node's own fence, inside of any other: no processes, no add-ons, files as named.
      ...['--permission', ...readable.flatMap((path) => [`--allow-fs-read=${path}`, `--allow-fs-read=${path}/*`])],
      ...(mayWrite ? [root, '/proc/self/fd'].flatMap((path) => [`--allow-fs-write=${path}`, `--allow-fs-write=${path}/*`]) : []),
      '--disable-warning=SecurityWarning',
      '--disable-warning=ExperimentalWarning',
      RUNNER,
      template.folder,
    ],
    env: { TEMPLATE_SETTINGS: JSON.stringify({ parameters, root, operatorOrigins: origins, egressAllow: template.egress === 'none' ? [] : options.egressAllow }), NODE_OPTIONS: '' },
    cwd: temporaryFolder,
    sandbox: {
      readable: [SOURCES, ...packageFolders().map((folder) => ({ from: realpathSync(folder), to: folder })), join(SOURCES, '..', 'package.json'), dirname(realpathSync(node)), template.folder, ...(mayWrite ? [] : [root])],
      writable: [...(mayWrite ? [root] : []), temporaryFolder],
      hasNetwork: template.egress !== 'none',
      cwd: temporaryFolder,
    },
  };
}
