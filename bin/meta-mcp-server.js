#!/usr/bin/env node
/** Servers on demand as a program of its own: `metamcp stdio --orchestrator` under the name that its users know. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
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
  // The package has the program as JavaScript: Node strips no types below `node_modules`.
  const sources = join(root, 'src', 'main.ts');
  await runScript(findNode(), existsSync(sources) ? sources : join(root, 'lib', 'main.js'), ['stdio', '--orchestrator']);
});
