import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Principal } from './principal.ts';
import { fillTemplate, templateProblem } from './principal-template.ts';

const ANN: Principal = { kind: 'user', id: 'user:usr_1', credentialId: 'grant:secret', name: 'Änn\r\nX-Admin: 1', roles: ['member'], groups: ['dev', 'ops'] };

test('a template is filled with what the principal is, encoded where a header could not hold it', () => {
  expect(fillTemplate('${principal:id};${principal:kind};${principal:groups};${principal:client}', ANN)).toBe('user:usr_1;user;dev,ops;');
  expect(fillTemplate('${principal:name}', ANN)).toBe('%C3%84nn%0D%0AX-Admin: 1');
});

test('no name makes another header', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (name) => /^[\x20-\x7e]*$/.test(fillTemplate('${principal:name}', { ...ANN, name }))));
});

test.each(['${principal:credentialId}', '${principal:token}', '${principal:id} ${SECRET}', '${principal:id', '${principal:}'])('%s is refused', (text) => {
  expect(templateProblem(text)).toContain('expected ${principal:NAME}');
});
