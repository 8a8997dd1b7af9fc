/** Help, made from the command table. */
import type { Command } from './command.ts';

const OVERVIEW_EXAMPLES = [
  ['metamcp serve', 'start the gateway on http://127.0.0.1:12008'],
  ['metamcp serve --config claude_desktop_config.json', 'the same servers, merged, at one address'],
  ['metamcp connect cursor', 'let a client use it'],
  ['metamcp tools', 'what an endpoint offers'],
  [`metamcp call everything__echo '{"message":"hi"}'`, 'call a tool'],
  ['metamcp doctor', 'what is wrong, and what to do'],
] as const;

export function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map((command) => command.name.length));
  const exampleWidth = Math.max(...OVERVIEW_EXAMPLES.map(([line]) => line.length));
  return [
    'metamcp: many MCP servers behind one address',
    '',
    'Usage: metamcp COMMAND [FLAGS]',
    '',
    ...commands.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`),
    '',
    'Examples:',
    ...OVERVIEW_EXAMPLES.map(([line, what]) => `  ${line.padEnd(exampleWidth)}  # ${what}`),
    '',
    'More on one of them: metamcp help COMMAND',
    '',
  ].join('\n');
}

export function commandHelp(command: Command): string {
  const flags = Object.entries(command.flags).map(([name, flag]) => [`${flag.short === undefined ? '' : `-${flag.short}, `}--${name}${flag.value === undefined ? '' : ` ${flag.value}`}`, flag.help] as const);
  const width = Math.max(0, ...flags.map(([left]) => left.length));
  return [
    command.summary,
    '',
    `Usage: metamcp ${command.name} ${command.usage}`.trimEnd(),
    ...(flags.length === 0 ? [] : ['', 'Flags:', ...flags.map(([left, help]) => `  ${left.padEnd(width)}  ${help}`)]),
    '',
    'Examples:',
    ...command.examples.map((example) => `  ${example}`),
    '',
  ].join('\n');
}
