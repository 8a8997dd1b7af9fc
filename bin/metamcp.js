#!/usr/bin/env node
/**
 * The launcher: the only file that any Node from 18 on can start. It installs and builds what is missing in a checkout,
 * finds a Node that is new enough and hands over to the program.
 */
import { pathToFileURL } from 'node:url';
import { ensurePagesBuilt, findProgram } from './build.js';
import { ensureInstalled, findNode, main, runScript } from './launch.js';

await main(async () => {
  await ensureInstalled();
  const isServing = process.argv[2] === 'serve';
  const node = findNode();
  const [program] = await Promise.all([findProgram({ mayBuild: isServing }), isServing ? ensurePagesBuilt() : undefined]);
  if (node === process.execPath) await import(pathToFileURL(program).href);
  else await runScript(node, program, process.argv.slice(2));
});
