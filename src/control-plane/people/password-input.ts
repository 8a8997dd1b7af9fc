import { findPasswordProblem } from '../../auth/password-rules.ts';
import { Fault } from '../../base/fault.ts';
import type { FieldError } from '../../contract/problem.ts';

/** Throws `request.params_invalid` for a password that a guess would find. `names`: of its user. */
export function refuseWeakPassword(password: string, names: readonly (string | undefined)[], path = 'body.password'): void {
  const words = names.flatMap((name) => (name === undefined ? [] : [name, name.split('@')[0] ?? name]));
  const problem = findPasswordProblem(password, words);
  if (problem !== undefined) throw invalidField({ path, expected: problem.replace(/^must (?:have )?/, ''), message: problem });
}

export function invalidField(error: FieldError): Fault {
  return new Fault('request.params_invalid', { data: { errors: [error] } });
}
