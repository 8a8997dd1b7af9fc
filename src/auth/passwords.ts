/**
 * Passwords: hashed with Argon2id (RFC 9106; 19 MiB, 2 passes, as OWASP's password storage cheat sheet asks), or scrypt
 * (RFC 7914) where Node has no Argon2 (before 24.7). A hash names its own algorithm, so both open side by side, and one
 * that is weaker than today's is made anew at the next sign-in.
 *
 * A hash takes tens of milliseconds and 19 MiB; only a few are made at a time, and those who would wait long are refused.
 */
import * as crypto from 'node:crypto';
import { timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { Fault } from '../base/fault.ts';
import type { RandomBytes } from '../base/ids.ts';

export interface Passwords {
  /** In the form `$algorithm$parameters$salt$hash`. */
  hash(password: string): Promise<string>;
  /** Takes as long without a hash as with one: whether a user exists cannot be told from the time. */
  verify(password: string, hash: string | undefined): Promise<boolean>;
  /** Whether `hash` was made otherwise than one of today. */
  isOutdated(hash: string): boolean;
}

/** What is hashed at a time, and what may wait for its turn. */
export interface PasswordGate {
  readonly runningMax: number;
  readonly waitingMax: number;
}

const GATE: PasswordGate = { runningMax: 2, waitingMax: 64 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const ARGON2 = '$argon2id$v=19$m=19456,t=2,p=1$';
const SCRYPT = '$scrypt$ln=16,r=8,p=1$';
const SCRYPT_OPTIONS = { N: 2 ** 16, r: 8, p: 1, maxmem: 2 ** 27 } as const;

type Derive = (password: string, salt: Uint8Array) => Promise<Buffer>;

const scrypt = promisify<string, Uint8Array, number, crypto.ScryptOptions, Buffer>(crypto.scrypt);
const deriveScrypt: Derive = (password, salt) => scrypt(password, salt, HASH_BYTES, SCRYPT_OPTIONS);

/** Undefined before Node 24.7. */
const deriveArgon2: Derive | undefined =
  'argon2' in crypto
    ? (password, salt) =>
        new Promise((resolve, reject) => {
          const parameters = { message: password, nonce: salt, parallelism: 1, tagLength: HASH_BYTES, memory: 19_456, passes: 2 };
          crypto.argon2('argon2id', parameters, (error, derived) => (error === null ? resolve(derived) : reject(error)));
        })
    : undefined;

export function createPasswords(random: RandomBytes, gate: PasswordGate = GATE): Passwords {
  const enter = createGate(gate);
  const current = deriveArgon2 === undefined ? { prefix: SCRYPT, derive: deriveScrypt } : { prefix: ARGON2, derive: deriveArgon2 };
  const nobody = Buffer.from(random(SALT_BYTES));
  return {
    hash: (password) =>
      enter(async () => {
        const salt = Buffer.from(random(SALT_BYTES));
        return `${current.prefix}${encode(salt)}$${encode(await current.derive(normalized(password), salt))}`;
      }),
    verify: (password, hash) =>
      enter(async () => {
        const known = hash === undefined ? undefined : parse(hash);
        const derived = await (known?.derive ?? current.derive)(normalized(password), known?.salt ?? nobody);
        return known !== undefined && timingSafeEqual(derived, known.derived);
      }),
    isOutdated: (hash) => !hash.startsWith(current.prefix),
  };
}

/** The same characters typed on different systems are the same password (NIST SP 800-63B section 3.1.1.2). */
function normalized(password: string): string {
  return password.normalize('NFKC');
}

interface Known {
  readonly derive: Derive;
  readonly salt: Buffer;
  readonly derived: Buffer;
}

function parse(hash: string): Known {
  const derive = hash.startsWith(ARGON2) ? deriveArgon2 : hash.startsWith(SCRYPT) ? deriveScrypt : undefined;
  const [salt, derived] = hash.split('$').slice(-2);
  if (derive === undefined || salt === undefined || derived === undefined) throw new Fault('gateway.bug', { detail: 'a password hash that this Node cannot check: Argon2 needs Node 24.7 or later' });
  return { derive, salt: Buffer.from(salt, 'base64'), derived: Buffer.from(derived, 'base64') };
}

function encode(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}

/** Runs a few at a time, in order. Throws `limit.overloaded` for who would come too far behind. */
function createGate({ runningMax, waitingMax }: PasswordGate): <Result>(work: () => Promise<Result>) => Promise<Result> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= runningMax) {
      if (waiting.length >= waitingMax) throw new Fault('limit.overloaded', { detail: `${waiting.length} passwords wait to be hashed` });
      // Whoever leaves hands its place over, so `running` stays as it is.
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
