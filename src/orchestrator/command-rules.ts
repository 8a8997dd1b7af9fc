/**
 * Which programs a child may be, and with which arguments (ST-03). The list is looked up once; from then on a command is
 * an absolute path. Arguments that would turn a program into an interpreter of its arguments are refused, whoever wrote them.
 */
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { basename, delimiter, extname, isAbsolute, join, sep } from 'node:path';
import { ToolRefusal } from '../serving/tool.ts';

/** Arguments that begin so are refused, by the name of the program. */
const REFUSED: ReadonlyMap<string, RegExp> = new Map([
  ['node', /^(?:-e|-p|-pe|-r|-i|--eval|--print|--require|--import|--loader|--experimental-loader|--inspect.*|--interactive|--env-file.*|-)(?:=|$)/],
  ['python', /^(?:-[a-zA-Z]*[cmi].*|-)$/],
  ['npx', /^(?:-c|--call|-p|--package|--registry|--prefix|--userconfig|--script-shell|--node-options)(?:=|$)/],
  ['npm', /^(?:-c|--call|--registry|--prefix|--userconfig|--script-shell|--node-options|run|run-script|start|test|install|i|ci|add|config|set)(?:=|$)/],
  ['uvx', /^(?:--from|--with|--index.*|--default-index|--extra-index-url|--python)(?:=|$)/],
]);
/** Programs that are refused even where a list names them: whatever they run is in their arguments. */
const SHELLS: ReadonlySet<string> = new Set(['sh', 'bash', 'dash', 'zsh', 'ksh', 'fish', 'csh', 'tcsh', 'busybox', 'env', 'xargs', 'sudo', 'su', 'nsenter', 'unshare', 'chroot', 'perl', 'ruby', 'php', 'awk', 'cmd', 'powershell', 'pwsh', 'ssh', 'curl', 'wget', 'git', 'docker', 'podman']);
/** name, or @scope/name, with an exact version. */
const PINNED_PACKAGE = /^(?:@[a-z0-9][a-z0-9._-]*\/)?[a-z0-9][a-z0-9._-]*@\d+\.\d+\.\d+(?:[-+][A-Za-z0-9.-]+)?$/;

export class CommandRules {
  readonly #known = new Map<string, string>();
  readonly #allowed: readonly string[];

  /** `path`: the PATH in which names are looked up, now and never again. */
  constructor(allowed: readonly string[], path: string) {
    this.#allowed = allowed;
    for (const command of allowed) {
      const found = isAbsolute(command) ? program(command) : inPath(command, path);
      if (found !== undefined && !SHELLS.has(familyOf(found))) this.#known.set(basename(command), found);
    }
  }

  /** The absolute path of an allowed command. Throws a ToolRefusal that names the remedy. */
  resolve(command: string): string {
    const found = this.#known.get(command);
    if (found !== undefined) return found;
    if (this.#allowed.includes(command)) throw new ToolRefusal(`The command ${command} is allowed, but it is not installed here or may never be a server`);
    throw new ToolRefusal(`The command ${command} is not allowed: whoever runs this server can add it to allowed_commands (now: ${this.#allowed.join(', ') || 'none'})`);
  }

  /** Throws a ToolRefusal for arguments that make a program run what they say. */
  check(command: string, args: readonly string[]): void {
    const family = familyOf(command);
    const refused = REFUSED.get(family);
    const bad = args.find((argument) => refused?.test(argument) === true);
    if (bad !== undefined) throw new ToolRefusal(`The argument ${bad.slice(0, 40)} of ${family} is refused: it would run what the arguments say`);
    if (args.some((argument) => argument.includes('\0'))) throw new ToolRefusal('An argument holds a zero character');
    if (family !== 'npx') return;
    const wanted = args.find((argument) => !argument.startsWith('-'));
    if (wanted === undefined || !PINNED_PACKAGE.test(wanted)) throw new ToolRefusal('npx needs a package with an exact version, such as @scope/name@1.2.3');
  }
}

/** The real path of a script below an approved root. Throws a ToolRefusal that names the remedy. */
export function approvedScript(path: string, roots: readonly string[]): string {
  if (!isAbsolute(path) || path.includes('\0')) throw new ToolRefusal('script_path must be an absolute path');
  let real: string;
  try {
    real = realpathSync(path);
  } catch {
    throw notApproved(roots);
  }
  const isInside = roots.some((root) => {
    try {
      const realRoot = realpathSync(root);
      return real.startsWith(realRoot.endsWith(sep) ? realRoot : realRoot + sep);
    } catch {
      return false;
    }
  });
  // A file that is elsewhere and one that is nowhere look alike.
  if (!isInside || !statSync(real).isFile()) throw notApproved(roots);
  return real;
}

/** Which program a script is for, by its ending where it has one of theirs. */
export function scriptCommand(script: string, serverType: 'python' | 'node'): string {
  const ending = extname(script);
  if (['.js', '.mjs', '.cjs', '.ts', '.mts'].includes(ending)) return 'node';
  if (ending === '.py') return 'python3';
  return serverType === 'node' ? 'node' : 'python3';
}

function notApproved(roots: readonly string[]): ToolRefusal {
  return new ToolRefusal(`script_path must be a file below an approved folder: whoever runs this server lists them in approved_script_roots (now: ${roots.join(', ') || 'none'})`);
}

function familyOf(command: string): string {
  const name = basename(command).toLowerCase().replace(/\.exe$/, '');
  if (/^python[0-9.]*$/.test(name)) return 'python';
  return /^node(?:js)?[0-9.]*$/.test(name) ? 'node' : name;
}

function inPath(command: string, path: string): string | undefined {
  for (const folder of path.split(delimiter)) {
    const found = isAbsolute(folder) ? program(join(folder, command)) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function program(file: string): string | undefined {
  if (/\.(?:bat|cmd)$/i.test(file)) return undefined;
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile() ? file : undefined;
  } catch {
    return undefined;
  }
}
