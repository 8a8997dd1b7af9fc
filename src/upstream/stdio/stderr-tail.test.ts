import { expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { JumpingClock } from '../../../test/fixtures/hostile-stdio/recorder.ts';
import { StderrTail } from './stderr-tail.ts';

const KIB = 1024;

function tail(lines?: string[], clock = systemClock): StderrTail {
  return new StderrTail({ clock, redact: (text) => text.replaceAll('hunter22', '[redacted]'), onLine: lines && ((line) => lines.push(line)) });
}

test('[ST-15] the last 64 KiB are kept, however they were written', () => {
  for (const size of [7, 1000, 64 * KIB, 200 * KIB]) {
    const stderr = tail();
    const all = Buffer.from(Array.from({ length: 40_000 }, (_, index) => `${index}\n`).join(''));
    for (let at = 0; at < all.length; at += size) stderr.push(all.subarray(at, at + size));
    expect(stderr.text()).toBe(all.subarray(-64 * KIB).toString());
  }
});

test('a character cut in half at the beginning is left out', () => {
  const stderr = tail();
  stderr.push(Buffer.from('€'.repeat(30_000)));
  expect(stderr.text()).toBe('€'.repeat(Math.floor((64 * KIB) / 3)));
});

test('[ST-15] [DL-08] terminal sequences, reading-order tricks and known secrets are not shown', () => {
  const lines: string[] = [];
  const stderr = tail(lines);
  stderr.push(Buffer.from('\u001b[31mred\u0007 \u202eabc hunt'));
  stderr.push(Buffer.from('er22 \u009b\r\nlast'));
  stderr.finish();
  expect(lines).toEqual(['\\x1b[31mred\\x07 \\u202eabc [redacted] \\x9b', 'last']);
  expect(stderr.text()).toBe('\\x1b[31mred\\x07 \\u202eabc [redacted] \\x9b\\x0d\nlast');
});

test('[RL-16] a flood reaches the log as 64 KiB a second and a count of the rest', () => {
  const lines: string[] = [];
  const clock = new JumpingClock();
  const stderr = tail(lines, clock);
  const chunk = Buffer.from(`${'x'.repeat(1023)}\n`);
  for (let count = 0; count < 1000; count += 1) stderr.push(chunk);
  expect(lines).toHaveLength(64);
  clock.jump(1000);
  stderr.push(Buffer.from('calm\n'));
  expect(lines.slice(64)).toEqual([`[${(1000 - 64) * KIB} bytes of stderr left out: more than 65536 in a second]`, 'calm']);
});
