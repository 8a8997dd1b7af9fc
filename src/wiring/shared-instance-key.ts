/** The instance key that gateways of one instance share: given by the environment, since it is a secret, never by a file of the configuration. */
import { readFileSync } from 'node:fs';
import { configInvalid } from '../model/config-problem.ts';
import type { Environment } from '../snapshot/values.ts';

const KEY_BYTES = 32;

/** 32 bytes, from `METAMCP_INSTANCE_KEY` or the file (a copy of an `instance.key`, or text) that `METAMCP_INSTANCE_KEY_FILE` names; undefined where neither is set. Throws `config.invalid`; the value is never quoted. */
export function readSharedInstanceKey(environment: Environment): Buffer | undefined {
  const [value, file] = [environment['METAMCP_INSTANCE_KEY'], environment['METAMCP_INSTANCE_KEY_FILE']];
  if (value !== undefined && value !== '') return toKey(value, 'METAMCP_INSTANCE_KEY');
  if (file === undefined || file === '') return undefined;
  try {
    const bytes = readFileSync(file);
    return bytes.length === KEY_BYTES ? bytes : toKey(bytes.toString('latin1'), 'METAMCP_INSTANCE_KEY_FILE');
  } catch (thrown) {
    if (!(thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' && 'syscall' in thrown)) throw thrown;
    throw problem('METAMCP_INSTANCE_KEY_FILE', `the file ${file} cannot be read (${thrown.code})`);
  }
}

/** 64 hex digits or base64. */
function toKey(given: string, from: string): Buffer {
  const text = given.trim();
  const key = /^[0-9a-fA-F]{64}$/.test(text) ? Buffer.from(text, 'hex') : /^[A-Za-z0-9+/_-]{43}=?$/.test(text) ? Buffer.from(text, 'base64') : undefined;
  if (key?.length === KEY_BYTES) return key;
  throw problem(from, `expected ${KEY_BYTES} random bytes, as 64 hex digits or in base64 (openssl rand -hex 32)`);
}

function problem(path: string, message: string): Error {
  return configInvalid([{ path, line: undefined, column: undefined, message }]);
}
