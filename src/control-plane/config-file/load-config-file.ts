/** A configuration file from the disk to a snapshot. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { configInvalid } from '../../model/config-problem.ts';
import { compile } from '../../snapshot/compile.ts';
import type { CompileOptions } from '../../snapshot/compile-context.ts';
import type { Snapshot } from '../../snapshot/snapshot.ts';
import { type ConfigSource, readConfigText } from './read-config-text.ts';

/** Reads and checks the file. Throws `config.invalid`, also when it cannot be read. */
export async function readConfigFile(path: string): Promise<ConfigSource> {
  const text = await readFile(resolve(path), 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw configInvalid([{ path: '', line: undefined, column: undefined, message: `the file ${path} cannot be read (${error.code ?? 'unknown'})` }]);
  });
  return readConfigText(text, path);
}

/** Compiles what was read, its warnings and positions included. */
export function compileSource(source: ConfigSource, options: CompileOptions): Snapshot {
  return compile(source.document, { ...options, locate: source.locate, warnings: [...(options.warnings ?? []), ...source.warnings] });
}
