import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { findPasswordProblem } from './password-rules.ts';

test('what a guess would find is refused', () => {
  const weak = ['', 'short', 'changeme', 'password1234', 'Password12345!', 'aaaaaaaaaaaaaaaa', 'abcabcabcabcabc', 'abcdefghijklmnop', '123456789012', 'qwertyuiop123', 'adminadminadmin', '<your-password>', 'letmeinletmein', 'metamcp-metamcp', 'ada@example.com1', 'x'.repeat(300)];
  for (const password of weak) expect([password, findPasswordProblem(password, ['ada@example.com', 'ada'])]).toEqual([password, expect.any(String)]);
});

test('long ones pass, whatever kinds of characters they have', () => {
  for (const password of ['correct horse battery', 'Tr0ub4dor&3-and-more', 'пароль из трёх слов', '月が綺麗ですね、本当にとても', 'kq83nfp2vhd0']) expect([password, findPasswordProblem(password)]).toEqual([password, undefined]);
  for (let count = 0; count < 200; count++) {
    const password = createHash('sha256').update(`${count}`).digest('base64url').slice(0, 20);
    expect([password, findPasswordProblem(password)]).toEqual([password, undefined]);
  }
});
