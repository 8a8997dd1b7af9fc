/**
 * `node scripts/run.mjs [--watch] FILE [ARGUMENT…]`: installs what is missing, then runs a script of this repository or of
 * an installed package on a Node that is new enough; with `--watch` anew whenever a source changes. What npm scripts
 * call, so that each is one command on any Node.
 */
import { delimiter, join, resolve } from 'node:path';
import { ensurePagesBuilt, findProgram } from '../bin/build.js';
import { ensureInstalled, findNode, main, root, runScript } from '../bin/launch.js';

await main(async () => {
  const isWatching = process.argv[2] === '--watch';
  const [file, ...args] = process.argv.slice(isWatching ? 3 : 2);
  await ensureInstalled();
  process.chdir(root);
  process.env.PATH = [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter);
  if (isWatching) {
    await ensurePagesBuilt();
    await runScript(findNode(), '--watch', ['--watch-preserve-output', resolve(root, file), ...args]);
  }
  // What tests and measurements start is what users start.
  process.env.METAMCP_PROGRAM = await findProgram({ mayBuild: true });
  await runScript(findNode(), resolve(root, file), args);
});
