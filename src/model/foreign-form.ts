/** What a configuration file of another program becomes. */
import type { JsonObject } from '../protocol/messages.ts';
import type { ConfigPath } from './config-problem.ts';

export interface ForeignConfig {
  /** In the form of our own document, unchecked. */
  readonly value: JsonObject;
  readonly warnings: readonly string[];
  /** A path of `value` as a path of the file it came from. */
  toSource(path: ConfigPath): ConfigPath;
}
