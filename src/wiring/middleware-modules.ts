/** Loads the middleware modules that whoever starts the process names: code that runs in it, so nothing but flag and variable may. */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Clock } from '../base/clock.ts';
import { createMiddlewareThread } from './middleware-thread.ts';
import { addManifest } from '../middleware/registry.ts';
import { toManifest } from '../middleware/local-module.ts';
import { configInvalid } from '../model/config-problem.ts';

const loaded = new Set<string>();

/** Each file once in the life of the process. Throws `config.invalid` with every problem. */
export async function loadMiddlewareModules(paths: readonly string[], clock: Clock): Promise<void> {
  const problems: string[] = [];
  for (const file of paths.map((path) => resolve(path))) {
    if (loaded.has(file)) continue;
    loaded.add(file);
    problems.push(...(await problemsOfLoading(file, clock)).map((problem) => `${file}: ${problem}`));
  }
  if (problems.length > 0) throw configInvalid(problems.map((message) => ({ path: 'middleware-modules', line: undefined, column: undefined, message })));
}

async function problemsOfLoading(file: string, clock: Clock): Promise<readonly string[]> {
  let exported: unknown;
  try {
    ({ middleware: exported } = (await import(pathToFileURL(file).href)) as { readonly middleware?: unknown });
  } catch (thrown) {
    return [`cannot be loaded: ${thrown instanceof Error ? thrown.message : String(thrown)}`];
  }
  if (exported === undefined) return ['expected an export named middleware'];
  const manifest = toManifest(exported, () => createMiddlewareThread(pathToFileURL(file).href, clock));
  if (!('create' in manifest)) return manifest;
  return addManifest(manifest) ? [] : [`there is a middleware named ${manifest.name} already`];
}
