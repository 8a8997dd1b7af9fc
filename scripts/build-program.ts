/**
 * The program as JavaScript, for the package: Node strips no types below `node_modules`. Each `src/**.ts` becomes a
 * file of the same place below `lib/`, without its types and with `.js` in its paths, so that what is started by path is
 * found as before; `lib/` has the depth of `src/`, so that paths out of it hold. What starts is in a few files beside it,
 * in `dist/program/package`.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [source, target] = [join(root, 'src'), join(root, 'lib')];

/** A path of ours in quotes: an import, or what a worker or a child is started from. */
const OWN_PATH = /(?<quote>['"])(?<path>\.{1,2}\/[^'"\n]*)\.ts\k<quote>/g;

rmSync(target, { recursive: true, force: true });
let count = 0;
for (const path of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
  const [from, to] = [join(source, path), join(target, path)];
  if (/[.]test[.]ts$/.test(path)) continue;
  if (!/[.]\w+$/.test(path)) continue;
  mkdirSync(dirname(to), { recursive: true });
  if (path.endsWith('.ts')) {
    const text = stripTypeScriptTypes(readFileSync(from, 'utf8')).replace(OWN_PATH, '$<quote>$<path>.js$<quote>');
    writeFileSync(to.replace(/[.]ts$/, '.js'), text);
    count++;
  } else cpSync(from, to, { recursive: true });
}
const program = join(root, 'dist', 'program', 'package');
rmSync(program, { recursive: true, force: true });
execFileSync(process.execPath, [join(root, 'scripts', 'bundle-program.mjs'), target, program], { stdio: ['ignore', 2, 2] });
process.stderr.write(`lib: ${count} files\n`);
