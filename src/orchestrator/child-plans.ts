/** From what was asked for to what is started: command, arguments, environment, limits and sandbox of a child. */
import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ServerSpec } from '../model/server.ts';
import { type ParameterValues, readParameters, type Template } from '../model/template.ts';
import { ToolRefusal } from '../serving/tool.ts';
import { launchTemplate } from '../templates/launch-template.ts';
import { DEFAULT_LIMITS, type ProcessLimits } from '../upstream/stdio/process-limits.ts';
import type { ProcessSampler } from '../upstream/stdio/process-sampler.ts';
import { type SandboxPlan, sandboxedCommand } from '../upstream/stdio/sandbox.ts';
import type { ChildPlan } from './child.ts';
import { approvedScript, type CommandRules, scriptCommand } from './command-rules.ts';

export interface PlanOptions {
  readonly rules: CommandRules;
  readonly scriptRoots: readonly string[];
  readonly egressAllow: readonly string[];
  /** Absolute path of the Node that runs templates. */
  readonly node: string;
  readonly path: string;
  /** Where bubblewrap is; undefined: no sandbox. */
  readonly bwrap: string | undefined;
  readonly sampler: ProcessSampler;
  readonly startTimeoutMs: number;
}

/** What a child is made of: a template of the catalogue, or a script below an approved folder. */
export type Source = { readonly kind: 'template'; readonly template: Template; readonly parameters: ParameterValues } | { readonly kind: 'script'; readonly script: string; readonly command: string };

export interface ChildFacts {
  readonly id: string;
  readonly name: string;
  readonly folder: string;
  readonly timeoutMs: number;
  readonly memoryMegabytes: number;
}

/** Throws a ToolRefusal. */
export function scriptSource(path: string, serverType: 'python' | 'node', options: PlanOptions): Source {
  const script = approvedScript(path, options.scriptRoots);
  const command = options.rules.resolve(scriptCommand(script, serverType));
  options.rules.check(command, [script]);
  return { kind: 'script', script, command };
}

/** Throws a ToolRefusal. */
export function templateSource(template: Template, given: Readonly<Record<string, unknown>>): Source {
  const { values, problems } = readParameters(template, given);
  if (problems.length > 0) throw new ToolRefusal(`The parameters of ${template.name} are not valid: ${problems.map(({ parameter, message }) => `${parameter}: ${message}`).join('; ')}`);
  return { kind: 'template', template, parameters: values };
}

export function planChild(source: Source, facts: ChildFacts, options: PlanOptions): ChildPlan {
  const launch =
    source.kind === 'template'
      ? launchTemplate(source.template, source.parameters, { temporaryFolder: facts.folder, egressAllow: options.egressAllow, node: options.node })
      : { command: options.bwrap === undefined ? source.command : realpathSync(source.command), args: [source.script], env: {}, cwd: facts.folder, sandbox: scriptSandbox(source.script, source.command, facts.folder) };
  const { bwrap } = options;
  const wrap = bwrap === undefined ? undefined : (command: { readonly command: string; readonly args: readonly string[] }) => sandboxedCommand(bwrap, command, launch.sandbox);
  const limits: ProcessLimits = { ...DEFAULT_LIMITS, memoryBytesMax: facts.memoryMegabytes * 2 ** 20, cpuMsMax: Math.max(DEFAULT_LIMITS.cpuMsMax, facts.timeoutMs * 2) };
  return {
    id: facts.id,
    source: source.kind === 'template' ? source.template.name : 'script',
    spec: toSpec(facts, launch, { isTemplate: source.kind === 'template', startTimeoutMs: options.startTimeoutMs }),
    // Nothing of the gateway's environment but where programs are: no proxy, no credential, no home.
    environment: { PATH: options.path, HOME: facts.folder, TMPDIR: facts.folder, LANG: 'C.UTF-8' },
    confinement: { limits, sampler: options.sampler, wrap },
    callTimeoutMs: facts.timeoutMs,
  };
}

function scriptSandbox(script: string, command: string, folder: string): SandboxPlan {
  return { readable: [dirname(script), dirname(realpathSync(command))], writable: [folder], hasNetwork: true, cwd: folder };
}

function toSpec(facts: ChildFacts, launch: { readonly command: string; readonly args: readonly string[]; readonly env: Readonly<Record<string, string>>; readonly cwd: string }, { isTemplate, startTimeoutMs }: { readonly isTemplate: boolean; readonly startTimeoutMs: number }): ServerSpec {
  return {
    name: facts.name,
    type: 'stdio',
    fingerprint: facts.id,
    command: launch.command,
    args: launch.args,
    env: launch.env,
    cwd: launch.cwd,
    inheritEnv: [],
    url: '',
    headers: {},
    revision: isTemplate ? 'modern' : 'auto',
    isolation: 'per-principal',
    idleConnections: 0,
    startTimeoutMs,
    callTimeoutMs: facts.timeoutMs,
    idleTimeoutMs: 0,
    resultBytesMax: 10 << 20,
    isRequired: false,
    description: '',
  };
}
