import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonObject } from '../../protocol/messages.ts';
import type { CallContext } from '../../model/middleware.ts';
import { createRedactor } from './redactor.ts';
import { redact } from './redact.ts';

const redactor = createRedactor({ secrets: true, personal: ['card', 'iban', 'email', 'phone', 'ip', 'ssn'], action: 'redact' });
const context: CallContext = { method: 'tools/call', server: 'files', own: 'read' };
const letters = (count: number, alphabet = 'aB3dE6gH9jK2mN5pQ8rS1tU4vW7xY0zC'): string => Array.from({ length: count }, (_, index) => alphabet[(index * 7) % alphabet.length]).join('');
const hex = (count: number): string => letters(count, '0123456789abcdef');

/** Made here from parts: shaped like the real ones, opening nothing. */
const SECRETS: Readonly<Record<string, string>> = {
  metamcp: `sk_mt_${letters(64)}`,
  aws: `AKIA${letters(16).toUpperCase()}`,
  github: `ghp_${letters(36)}`,
  githubFine: `github_pat_${letters(82)}`,
  gitlab: `glpat-${letters(20)}`,
  slack: `xoxb-${hex(12)}-${letters(24)}`,
  stripe: `sk_live_${letters(24)}`,
  anthropic: `sk-ant-api03-${letters(80)}`,
  openai: `sk-proj-${letters(48)}`,
  google: `AIza${letters(35)}`,
  npm: `npm_${letters(36)}`,
  sendgrid: `SG.${letters(22)}.${letters(43)}`,
  telegram: `123456789:AA${letters(33)}`,
  huggingface: `hf_${letters(34)}`,
  vault: `hvs.${letters(40)}`,
  jwt: `eyJ${letters(20)}.eyJ${letters(40)}.${letters(43)}`,
  pem: `-----BEGIN RSA PRIVATE KEY-----\n${letters(64)}\n-----END RSA PRIVATE KEY-----`,
};

test.each(Object.entries(SECRETS))('[DL-01] a %s secret is found as value, as key, nested, in JSON within text, and behind one base64 or URL encoding', (_, secret) => {
  const encoded = Buffer.from(`padding ${secret}`).toString('base64');
  const carried: JsonObject = {
    plain: `see ${secret} here`,
    [secret]: 1,
    deep: [{ deeper: [secret] }],
    json: JSON.stringify({ text: `a\n${secret}` }),
    base64: encoded,
    base64url: Buffer.from(secret).toString('base64url'),
    url: `https://x.example/?q=${encodeURIComponent(secret)}`,
    percent: Array.from(Buffer.from(secret), (byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
  };
  const text = JSON.stringify(redactor.value(carried));
  for (const form of [secret, JSON.stringify(secret).slice(1, -1), encoded, String(carried['base64url']), encodeURIComponent(secret), String(carried['percent'])]) expect(text).not.toContain(form);
  expect(text).toContain('[redacted');
});

test('[DL-05] a secret that is split over two text blocks is found wherever it is split', () => {
  const secret = String(SECRETS['github']);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: secret.length - 1 }), fc.stringMatching(/^[a-z ]{0,20}$/), (at, around) => {
      const result = redactor.value({ content: [{ type: 'text', text: `${around} ${secret.slice(0, at)}` }, { type: 'text', text: `${secret.slice(at)} ${around}` }] });
      const joined = (result['content'] as { text: string }[]).map((block) => block.text).join('');
      expect(joined).toContain('[redacted github-token]');
      expect(joined).not.toContain(secret.slice(4, 12));
      expect(joined).not.toContain(secret.slice(-8));
    }),
  );
});

test('a secret is found behind base64 whatever stands before it', () => {
  const secret = String(SECRETS['stripe']);
  fc.assert(
    fc.property(fc.string({ maxLength: 12, unit: 'grapheme-ascii' }), fc.stringMatching(/^[A-Za-z0-9]{0,3}$/), (inside, outside) => {
      const text = `x ${outside}${Buffer.from(`${inside}.${secret}`).toString('base64')}`;
      expect(redactor.text(text)).toContain('[redacted');
    }),
  );
});

test('[DL-02] personal data is found where its checksum holds, and left where it does not', () => {
  const found = redactor.text('card 4111 1111 1111 1111, IBAN DE89 3704 0044 0532 0130 00 AND SO ON, mail a.b@example.org, call +49 30 901820, from 192.0.2.7 or 2001:db8::1, ssn 078-05-1120');
  expect(found).toBe('card [redacted card], IBAN [redacted iban] AND SO ON, mail [redacted email], call [redacted phone], from [redacted ip] or [redacted ip], ssn [redacted ssn]');
  for (const kept of ['order 4111 1111 1111 1112', 'GB82 WEST 1234 5698 7654 33', 'version 1.2.3', '12:30:45', '999.1.1.1', 'id 1234567890123456']) expect(redactor.text(kept)).toBe(kept);
});

test('members whose name says secret are hidden whatever they hold; pages of a list and schemas are not', () => {
  expect(redactor.value({ password: 'short', api_key: 'abc', db: { clientSecret: 'x' }, nextPageToken: 'abc', properties: { password: { type: 'string' } }, tokens: 5 })).toEqual({
    password: '[redacted secret-member]',
    api_key: '[redacted secret-member]',
    db: { clientSecret: '[redacted secret-member]' },
    nextPageToken: 'abc',
    properties: { password: { type: 'string' } },
    tokens: 5,
  });
  expect(createRedactor({ secrets: true, personal: [], action: 'redact' }).text('postgres://app:hunter22@db.example/x and Authorization: Bearer abcdefghijklmnop1234')).toBe('postgres://app:[redacted password]@db.example/x and Authorization: Bearer [redacted authorization]');
});

test('ordinary results stay the same object', () => {
  const result: JsonObject = { content: [{ type: 'text', text: 'commit 3f786850e387550fdab836ed7e6dc881de23001b in https://example.com/a/b?c=d' }, { type: 'image', data: SECRETS['github'] ?? '' }], structuredContent: { count: 3 } };
  expect(redactor.value(result)).toBe(result);
});

test('both directions, errors too; the target and what the protocol needs stay', async () => {
  const hooks = redact.create(redact.options.parse({}));
  const secret = String(SECRETS['npm']);
  expect(await hooks.onCall?.({ name: secret, arguments: { a: secret }, requestState: secret }, context)).toEqual({ name: secret, arguments: { a: '[redacted npm-token]' }, requestState: secret });
  expect(hooks.onError?.({ code: -1, message: `bad ${secret}`, data: { [secret]: 1 } }, context)).toEqual({ code: -1, message: 'bad [redacted npm-token]', data: { '[redacted npm-token]': 1 } });
});

test('mask keeps the last four characters, block refuses and says when the call was already made', () => {
  const masking = redact.create(redact.options.parse({ secrets: false, personal: ['card'], action: 'mask' }));
  expect(masking.onResult?.({ text: '4111111111111111' }, context)).toEqual({ text: '[card …1111]' });
  const blocking = redact.create(redact.options.parse({ action: 'block' }));
  expect(() => blocking.onResult?.({ text: String(SECRETS['gitlab']) }, context)).toThrow(expect.objectContaining({ code: 'policy.denied', effect: 'executed', reason: 'sensitive_data' }));
});

test('[DL-01] no text is slow, however it is made', () => {
  const size = 200_000;
  const texts = ['a', '1', '-', ' 1', '%41', 'eyJ', 'a.', 'a@', '+1', ':', 'DE89', '://:', 'password=', '-----BEGIN PRIVATE KEY-----', 'sk-', 'A1 ', '00 '].map((piece) => piece.repeat(Math.ceil(size / piece.length)));
  for (const text of texts) {
    const start = performance.now();
    redactor.text(text);
    expect(performance.now() - start, text.slice(0, 30)).toBeLessThan(3_000);
  }
});
