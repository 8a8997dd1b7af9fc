/**
 * The command line: finds the command, runs it, and turns whatever it throws into words that say what to do next.
 * Exit codes: 0 for success only, 1 for what failed, 2 for words that were not understood.
 */
import { Fault } from '../base/fault.ts';
import { parseInvocation } from './command.ts';
import { COMMANDS } from './commands.ts';
import { commandHelp, overview } from './help.ts';
import type { CliHost } from './host.ts';
import { nearest } from './nearest.ts';
import { Refusal } from './refusal.ts';

const ALIASES: Readonly<Record<string, string>> = { '--version': 'version', '-v': 'version', '-V': 'version' };

/** Runs `args` (without Node and the entry file). Resolves with the exit code; never rejects. */
export async function runCli(args: readonly string[], host: CliHost): Promise<number> {
  const isJson = args.includes('--json');
  try {
    return await runCommand(args, host);
  } catch (error) {
    const said = describe(error);
    if (isJson) host.stdout.write(`${JSON.stringify({ error: said })}\n`);
    host.stderr.write(`error: ${said.message}\n  ${said.advice}\n`);
    return error instanceof Misunderstanding ? 2 : 1;
  }
}

class Misunderstanding extends Refusal {}

async function runCommand(args: readonly string[], host: CliHost): Promise<number> {
  const [first, ...rest] = args;
  const wantsHelp = first === undefined || first === 'help' || first === '--help' || first === '-h';
  if (wantsHelp) return printHelp(rest[0], host);
  const name = ALIASES[first] ?? first;
  const command = COMMANDS.find((candidate) => candidate.name === name);
  if (command === undefined) throw unknownCommand(name);
  if (!command.isRaw && (rest.includes('--help') || rest.includes('-h'))) return printHelp(name, host);
  let invocation: ReturnType<typeof parseInvocation>;
  try {
    invocation = parseInvocation(command, rest, host);
  } catch (error) {
    throw error instanceof Refusal ? new Misunderstanding(error.message, error.advice, error) : error;
  }
  return await (await command.load())(invocation);
}

function printHelp(name: string | undefined, host: CliHost): number {
  const command = COMMANDS.find((candidate) => candidate.name === name);
  if (name !== undefined && command === undefined) throw unknownCommand(name);
  host.stdout.write(command ? commandHelp(command) : overview(COMMANDS));
  return 0;
}

function unknownCommand(name: string): Misunderstanding {
  const near = nearest(
    name,
    COMMANDS.map((command) => command.name),
  );
  return new Misunderstanding(
    `There is no command ${JSON.stringify(name)}.`,
    near ? `Did you mean: metamcp ${near}? All commands: metamcp help` : 'See all commands with: metamcp help',
  );
}

function describe(error: unknown): { readonly message: string; readonly advice: string } {
  if (error instanceof Refusal) return { message: error.message, advice: error.advice };
  if (error instanceof Fault) return { message: error.message, advice: `The fault is ${error.code}; metamcp doctor may know more.` };
  return {
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    advice: 'This is a bug of metamcp: please report it with the lines above.',
  };
}
