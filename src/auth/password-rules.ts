/** Which passwords are refused: those that a guess would find. Length counts, kinds of characters do not (NIST SP 800-63B). */
import { isPlaceholder } from '../model/weak-secret.ts';

export const PASSWORD_CHARS_MIN = 12;
/** More would only be work for us. */
export const PASSWORD_CHARS_MAX = 256;

const DIFFERENT_CHARS_MIN = 5;
/** What guesses begin with; an ending of digits or signs adds nothing. */
const COMMON_WORDS = /(?:passw[o0]rd|letmein|qwert[yz]|welcome|iloveyou|administrator|changeme|metamcp|monkey|dragon|football|baseball|trustno1|sunshine|princess|master)/gi;
const LEFT_CHARS_MIN = 8;
const RUNS = ['abcdefghijklmnopqrstuvwxyz', '01234567890', 'qwertyuiop', 'asdfghjkl', 'zxcvbnm'];
const RUN_CHARS = 4;

/** What is wrong with `password`, as the end of “the password …”; undefined where nothing is. `names` of its user must not be in it. */
export function findPasswordProblem(password: string, names: readonly string[] = []): string | undefined {
  const chars = Array.from(password.normalize('NFKC'));
  if (chars.length < PASSWORD_CHARS_MIN) return `must have at least ${PASSWORD_CHARS_MIN} characters`;
  if (chars.length > PASSWORD_CHARS_MAX) return `must have at most ${PASSWORD_CHARS_MAX} characters`;
  if (isPlaceholder(password)) return 'must not be a placeholder';
  const lower = password.toLowerCase();
  if (new Set(lower).size < DIFFERENT_CHARS_MIN) return `must have at least ${DIFFERENT_CHARS_MIN} different characters`;
  if (names.some((name) => name.length >= LEFT_CHARS_MIN / 2 && lower.includes(name.toLowerCase()) && lower.length - name.length < LEFT_CHARS_MIN)) return 'must not be made of the name or e-mail address';
  if (unguessableChars(lower) < LEFT_CHARS_MIN) return 'must not be made of common words, repetitions or rows of keys';
  return undefined;
}

/** How many characters remain once common words, rows of keys and repetitions are taken out. */
function unguessableChars(lower: string): number {
  let left = lower.replace(COMMON_WORDS, ' ');
  for (const run of RUNS) {
    for (const row of [run, Array.from(run).toReversed().join('')]) {
      for (let start = 0; start + RUN_CHARS <= row.length; start += 1) left = left.replaceAll(row.slice(start, start + RUN_CHARS), ' ');
    }
  }
  // What repeats is as good as there once.
  left = left.replace(/(.{1,12}?)\1+/g, '$1');
  return left.replace(/\s/g, '').length;
}
