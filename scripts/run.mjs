/**
 * `node scripts/run.mjs FILE [ARGUMENT…]`: installs what is missing, then runs a script of this repository or of an
 * installed package on a Node that is new enough. What npm scripts call, so that each is one command on any Node.
 */
import { delimiter, join, resolve } from 'node:path';
import { ensureInstalled, findNode, main, root, runScript } from '../bin/launch.js';

await main(async () => {
  const [file, ...args] = process.argv.slice(2);
  await ensureInstalled();
  process.chdir(root);
  process.env.PATH = [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter);
  await runScript(findNode(), resolve(root, file), args);
});
