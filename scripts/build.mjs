/**
 * `npm run build`: the web pages, into `dist/ui`, unless they are there already; `npm start` does the same by itself.
 * `npm run build -- --program`: also the program as JavaScript, into `lib`, as the package has it.
 */
import { join } from 'node:path';
import { ensurePagesBuilt } from '../bin/build.js';
import { ensureInstalled, findNode, main, root, runScript } from '../bin/launch.js';

await main(async () => {
  await ensureInstalled();
  await ensurePagesBuilt();
  if (process.argv.includes('--program')) await runScript(findNode(), join(root, 'scripts', 'build-program.ts'), []);
});
