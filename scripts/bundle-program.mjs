/**
 * `node scripts/bundle-program.mjs FROM TO`: the program below FROM (`src`, or `lib` without its types) in a few files
 * in TO, its packages with it. What a start loads is then read and compiled at once instead of in 1,800 files, which
 * takes half of its time.
 *
 * What is started or read by path stays where it is: `import.meta` of a source means the place of that source. Only
 * workers are put together too; they are started again and again.
 */
import { globSync } from 'node:fs';
import { basename, dirname, relative, resolve } from 'node:path';
import { rolldown } from 'rolldown';

const [from, to] = process.argv.slice(2).map((path) => resolve(path));

/** Packages that find files of their own by path, or are shared with what is not put together. */
const APART = ['better-sqlite3', 'pino', 'thread-stream', 'oidc-provider', 'swagger-ui-dist', '@apidevtools/swagger-parser', 'quickjs-wasi', '@opentelemetry/', 'nodemailer', 'ioredis', 'onnxruntime-', 'openid-client', 'pg-native', 'cross-spawn'];

/** How a source starts a worker of ours. */
const WORKER = /new URL\('(?:\.\/)?([\w-]+\.worker)\.[jt]s', import\.meta\.url\)/g;

const places = {
  name: 'places',
  transform(code, path) {
    if (!path.startsWith(from) || !code.includes('import.meta.')) return undefined;
    const place = relative(to, path).replaceAll('\\', '/');
    return code
      .replace(WORKER, "new URL('./$1.js', import.meta.here)")
      .replaceAll('import.meta.url', `new URL(${JSON.stringify(place)}, import.meta.here).href`)
      .replaceAll('import.meta.dirname', `(import.meta.dirname + ${JSON.stringify(`/${dirname(place)}`)})`)
      .replaceAll('import.meta.here', 'import.meta.url');
  },
};

const entries = [resolve(from, from.endsWith('lib') ? 'main.js' : 'main.ts'), ...globSync('**/*.worker.{js,ts}', { cwd: from }).map((path) => resolve(from, path))];
const bundle = await rolldown({
  input: Object.fromEntries(entries.map((path) => [basename(path).replace(/\.[jt]s$/, ''), path])),
  platform: 'node',
  external: (name) => name.startsWith('node:') || APART.some((apart) => name.startsWith(apart)),
  plugins: [places],
});
await bundle.write({ dir: to, format: 'esm', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' });
