#!/usr/bin/env node
/**
 * The launcher: the only file that any Node from 18 on can start. It installs what is missing in a checkout, finds a
 * Node that is new enough and hands over to src/main.ts (dist/main.js in a published package: Node strips no types
 * below node_modules).
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureInstalled, findNode, main, root, runScript } from './launch.js';

await main(async () => {
  await ensureInstalled();
  const node = findNode();
  const built = join(root, 'dist', 'main.js');
  const source = join(root, 'src', 'main.ts');
  const isInstalledPackage = /[\\/]node_modules[\\/]/.test(root);
  const program = isInstalledPackage || !existsSync(source) ? built : source;
  if (node === process.execPath) await import(pathToFileURL(program).href);
  else await runScript(node, program, process.argv.slice(2));
});
