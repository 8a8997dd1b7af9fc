/** The capability groups of a namespace, and what is wrong with them. */
import { compileGlobs } from '../base/linear-pattern.ts';
import type { ConfigFinding, ConfigPath } from '../model/config-problem.ts';
import type { GroupRule, GroupSpec } from '../model/group.ts';
import type { GroupConfig } from '../model/group-config.ts';
import { nearestHint } from '../model/nearest-name.ts';
import { boundHolds } from '../policy/bounds.ts';
import { SEPARATOR } from '../protocol/names.ts';

type Groups = Readonly<Record<string, GroupConfig>>;

/** `servers`: as the namespace shows them. */
export function compileGroups(groups: Groups, servers: readonly string[], report: (finding: ConfigFinding) => void): ReadonlyMap<string, GroupSpec> {
  for (const name of Object.keys(groups)) checkGroup(name, groups, servers, report);
  return new Map(Object.entries(groups).map(([name, group]) => [name, toGroup(name, group)]));
}

function toGroup(name: string, group: GroupConfig): GroupSpec {
  return {
    name,
    description: group.description,
    inputSchema: group.inputSchema,
    members: group.members.map(({ arguments: argumentNames, fixed, idempotent, ...member }) => ({ ...member, argumentNames, fixedArguments: fixed, isIdempotent: idempotent })),
    choice: group.choose,
    rules: group.rules.map((rule, index) => toRule(`${name}#${index}`, rule)),
  };
}

function toRule(id: string, rule: GroupConfig['rules'][number]): GroupRule {
  const fits = (globs: readonly string[] | undefined): ((text: string | undefined) => boolean) => {
    const test = globs && compileGlobs(globs);
    return test === undefined ? () => true : (text) => text !== undefined && test(text);
  };
  const [agent, stage, endpoint] = [fits(rule.agents), fits(rule.stages), fits(rule.endpoints)];
  const bounds = rule.arguments.map(boundHolds);
  return {
    id: rule.name ?? id,
    holds: (asking) => agent(asking.agent) && stage(asking.stage) && endpoint(asking.endpoint) && bounds.every((holds) => holds(asking.arguments)),
    use: rule.use,
    tags: rule.tags,
    reason: rule.reason,
  };
}

function checkGroup(name: string, groups: Groups, servers: readonly string[], report: (finding: ConfigFinding) => void): void {
  const group = groups[name];
  const path: ConfigPath = ['groups', name];
  const members = group?.members.map(({ tool }) => tool) ?? [];
  for (const [index, tool] of members.entries()) {
    const at = [...path, 'members', index, 'tool'];
    const server = tool.slice(0, tool.indexOf(SEPARATOR));
    if (!servers.includes(server)) report({ path: at, part: 'value', message: `"${server}" is no server of this namespace${nearestHint(server, servers)}` });
    if (members.indexOf(tool) !== index) report({ path: at, part: 'value', message: `expected each member once: "${tool}" is there already` });
  }
  for (const [index, { use }] of (group?.rules ?? []).entries()) {
    if (use === undefined || members.includes(use)) continue;
    const known = [...members, ...Object.keys(groups)];
    if (groups[use] === undefined) report({ path: [...path, 'rules', index, 'use'], part: 'value', message: `expected a member or a group${nearestHint(use, known)}` });
    else if (reaches(use, name, groups)) report({ path: [...path, 'rules', index, 'use'], part: 'value', message: `expected no way back: ${use} leads to ${name} again` });
  }
}

function reaches(from: string, to: string, groups: Groups, seen = new Set<string>()): boolean {
  if (from === to) return true;
  if (seen.has(from)) return false;
  seen.add(from);
  return (groups[from]?.rules ?? []).some(({ use }) => use !== undefined && groups[use] !== undefined && reaches(use, to, groups, seen));
}
