import { scryptSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { systemRandom } from '../base/ids.ts';
import { createPasswords } from './passwords.ts';

const passwords = createPasswords(systemRandom);

test('[AD-04] a password is kept as Argon2id with 19 MiB and two passes, salted, and opens with nothing else', async () => {
  const hash = await passwords.hash('correct horse battery');

  expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  expect(hash).not.toBe(await passwords.hash('correct horse battery'));
  expect(await passwords.verify('correct horse battery', hash)).toBe(true);
  expect(await passwords.verify('correct horse batterz', hash)).toBe(false);
  expect(await passwords.verify('', hash)).toBe(false);
  expect(passwords.isOutdated(hash)).toBe(false);
});

test('the same characters typed in another composition are the same password', async () => {
  const hash = await passwords.hash('Ångström is a unit');
  expect(await passwords.verify('A\u030angstro\u0308m is a unit', hash)).toBe(true);
});

test('a hash of a Node without Argon2 still opens, and is known to be outdated', async () => {
  const salt = Buffer.alloc(16, 7);
  const derived = scryptSync('correct horse battery', salt, 32, { N: 2 ** 16, r: 8, p: 1, maxmem: 2 ** 27 });
  const hash = `$scrypt$ln=16,r=8,p=1$${salt.toString('base64')}$${derived.toString('base64')}`;
  expect(await passwords.verify('correct horse battery', hash)).toBe(true);
  expect(await passwords.verify('another', hash)).toBe(false);
  expect(passwords.isOutdated(hash)).toBe(true);
});

test('without a hash the answer is no, after the same work', async () => {
  expect(await passwords.verify('correct horse battery', undefined)).toBe(false);
});

test('a hash of an unknown form is a fault, not a no', async () => {
  await expect(passwords.verify('x', '$md5$abc$def')).rejects.toMatchObject({ code: 'gateway.bug' });
});

test('a flood of passwords is refused rather than queued without end', async () => {
  const small = createPasswords(systemRandom, { runningMax: 1, waitingMax: 2 });
  const outcomes = await Promise.allSettled(Array.from({ length: 6 }, () => small.verify('x', undefined)));
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected', 'rejected']);
  expect(outcomes.at(-1)).toMatchObject({ reason: { code: 'limit.overloaded' } });
  expect(await small.verify('x', undefined)).toBe(false);
});
