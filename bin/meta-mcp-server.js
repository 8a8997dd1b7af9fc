#!/usr/bin/env node
/** Servers on demand as a program of its own: `metamcp stdio --orchestrator` under the name that its users know. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from './build.js';
import { ensureInstalled, findNode, LaunchError, main, root, runScript } from './launch.js';

const HELP = `meta-mcp-server: an MCP server on stdin and stdout that makes other MCP servers when they are needed

  --version   print the version
  --help      print this

Settings: meta_mcp_config.json in this folder (or MCP_CONFIG_FILE), else MCP_* variables, else defaults.
`;

await main(async () => {
  const [option] = process.argv.slice(2);
  if (option === '--version' || option === '-V') {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    process.stdout.write(`meta-mcp-server ${version}\n`);
    return;
  }
  if (option === '--help' || option === '-h') {
    process.stdout.write(HELP);
    return;
  }
  if (option !== undefined) throw new LaunchError(`meta-mcp-server has no option ${option}: --version, --help`);
  await ensureInstalled();
  await runScript(findNode(), await findProgram({ mayBuild: false }), ['stdio', '--orchestrator']);
});
