import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../protocol/messages.ts';
import { markedForm, markedRequests } from './secret-forms.ts';

function form(name: string, field: JsonObject = { type: 'string' }, message = 'Please fill in.'): JsonObject {
  return { message, requestedSchema: { type: 'object', properties: { [name]: field } } };
}

describe('[SS-12] a form that asks for a secret', () => {
  test.each([
    ['password'],
    ['api_key'],
    ['apiKey'],
    ['API-Key'],
    ['githubAccessToken'],
    ['client.secret'],
    ['cardNumber'],
    ['PIN'],
  ])('in a field called %s warns of its server', (name) => {
    expect(markedForm('elicitation/create', form(name), 'mail')).toEqual({
      ...form(name),
      message: `Careful: the server "mail" asks for what looks like a secret (${name}). Servers must not ask for secrets in a form.\n\nPlease fill in.`,
    });
  });

  test.each<[string, JsonObject, string]>([
    ['its title', form('value', { type: 'string', title: 'Your passphrase' }), 'value'],
    ['its description', form('value', { type: 'string', description: 'the one-time code we sent' }), 'value'],
    ['its format', form('value', { type: 'string', format: 'password' }), 'value'],
    ['the message alone', form('value', { type: 'string' }, 'Enter the recovery code'), 'recovery code'],
  ])('by %s warns too', (_how, params, asked) => {
    expect(markedForm('elicitation/create', params, 'mail')['message']).toMatch(new RegExp(`^Careful: the server "mail" asks for what looks like a secret \\(${asked}\\)`));
  });

  test('among other questions is the only one that changes', () => {
    const roots = { method: 'roots/list' };
    const name = { method: 'elicitation/create', params: form('name') };
    const marked = markedRequests({ roots, name, secret: { method: 'elicitation/create', params: form('password') } }, 'mail');
    expect([marked['roots'], marked['name']]).toEqual([roots, name]);
    expect(JSON.stringify(marked['secret'])).toContain('Careful: the server \\"mail\\"');
  });
});

test.each(['name', 'city', 'keyboard', 'spinner', 'passenger', 'compass', 'tokenizer', 'secretary', 'monkey'])('a field called %s is no secret', (name) => {
  const params = form(name);
  expect(markedForm('elicitation/create', params, 'mail')).toBe(params);
  const requests = { a: { method: 'elicitation/create', params } };
  expect(markedRequests(requests, 'mail')).toBe(requests);
});

test('an address to visit, and anything but a form, passes as it is, whatever it says', () => {
  const visit = { mode: 'url', url: 'https://a.example', message: 'Enter your password there' };
  expect(markedForm('elicitation/create', visit, 'mail')).toBe(visit);
  const sampling = { messages: [], systemPrompt: 'password' };
  expect(markedForm('sampling/createMessage', sampling, 'mail')).toBe(sampling);
});

test('whatever a server says in a form, nothing but the message changes', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()), (params, properties) => {
      const asked = { ...params, requestedSchema: { properties } } as JsonObject;
      const { message: _, ...others } = markedForm('elicitation/create', asked, 'mail');
      const { message: __, ...before } = asked;
      expect(others).toEqual(before);
    }),
  );
});
