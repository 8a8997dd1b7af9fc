#!/usr/bin/env node
/**
 * The launcher: the only file that any Node from 18 on can start. It installs and builds what is missing in a checkout,
 * finds a Node that is new enough and hands over to src/main.ts, or in a package to lib/main.js.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureInstalled, ensurePagesBuilt, findNode, main, root, runScript } from './launch.js';

await main(async () => {
  await ensureInstalled();
  if (process.argv[2] === 'serve') await ensurePagesBuilt();
  const node = findNode();
  // The package has the program as JavaScript: Node strips no types below node_modules.
  const sources = join(root, 'src', 'main.ts');
  const program = existsSync(sources) ? sources : join(root, 'lib', 'main.js');
  if (node === process.execPath) await import(pathToFileURL(program).href);
  else await runScript(node, program, process.argv.slice(2));
});
