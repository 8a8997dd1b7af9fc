import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Fault } from '../base/fault.ts';
import { createValues } from './values.ts';

const resolve = createValues({ TOKEN: 't0k', EMPTY: '', HOST: 'a.example' }, (name) => (name === 'db' ? 's3cret' : undefined));

test.each([
  ['plain', 'plain'],
  ['${TOKEN}', 't0k'],
  ['Bearer ${TOKEN}', 'Bearer t0k'],
  ['https://${HOST}/${TOKEN}?x=${TOKEN}', 'https://a.example/t0k?x=t0k'],
  ['${EMPTY}', ''],
  ['${EMPTY:-other}', 'other'],
  ['${NONE:-other}', 'other'],
  ['${NONE:-}', ''],
  ['${NONE:-a:-b}', 'a:-b'],
  ['${TOKEN:-other}', 't0k'],
  ['$${TOKEN}', '${TOKEN}'],
  ['$$${TOKEN}', '$${TOKEN}'],
  ['$TOKEN $ {TOKEN} $5', '$TOKEN $ {TOKEN} $5'],
  ['${secret:db}', 's3cret'],
  ['${secret:none:-x}', 'x'],
])('%s becomes %s', (text, expected) => {
  expect(resolve(text, 'files')).toBe(expected);
});

test.each([
  ['a ${MISSING} b', 'server files needs variable MISSING, which is not set'],
  ['${secret:other}', 'server files needs secret other, which is not set'],
  ['${toString}', 'server files needs variable toString, which is not set'],
  ['${}', 'server files needs a reference that is not of the form ${NAME}, ${NAME:-default} or ${secret:NAME}, which is not set'],
  ['${TOKEN', 'server files needs a reference that is not of the form ${NAME}, ${NAME:-default} or ${secret:NAME}, which is not set'],
])('%s is a fault of the server that names the reference and no value', (text, detail) => {
  const fault = catchFault(() => resolve(text, 'files'));
  expect({ code: fault.code, server: fault.server, detail: fault.detail }).toEqual({ code: 'config.value_missing', server: 'files', detail });
  expect(fault.message).not.toContain('t0k');
});

test('[KS-05] without an environment a reference stays as it is written', () => {
  const literal = createValues(undefined);
  fc.assert(fc.property(fc.string(), (text) => {
    expect(literal(`${text}\${DATABASE_URL}`, 'x')).toBe(`${text}\${DATABASE_URL}`);
  }));
});

test('a value that looks like a reference is not resolved again', () => {
  expect(createValues({ A: '${B}', B: 'x' })('${A}', 's')).toBe('${B}');
});

function catchFault(run: () => unknown): Fault {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown;
    throw thrown;
  }
  throw new Error('expected a fault');
}
