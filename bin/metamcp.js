#!/usr/bin/env node
/**
 * The launcher: the only file that any Node from 18 on can start. It installs and builds what is missing in a checkout,
 * finds a Node that is new enough and hands over to src/main.ts.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureInstalled, ensurePagesBuilt, findNode, LaunchError, main, root, runScript } from './launch.js';

await main(async () => {
  // Node strips no types there, and nothing is built.
  if (/[\\/]node_modules[\\/]/.test(root)) throw new LaunchError('this package runs from a checkout, not from node_modules');
  await ensureInstalled();
  if (process.argv[2] === 'serve') await ensurePagesBuilt();
  const node = findNode();
  const program = join(root, 'src', 'main.ts');
  if (node === process.execPath) await import(pathToFileURL(program).href);
  else await runScript(node, program, process.argv.slice(2));
});
