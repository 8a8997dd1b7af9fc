import fc from 'fast-check';
import { expect, test } from 'vitest';
import { multipartBody, multipartSchema } from './multipart.ts';

const read = (body: { readonly type: string; readonly body: Buffer }): Promise<FormData> => new Response(new Uint8Array(body.body), { headers: { 'content-type': body.type } }).formData();

test('files are given in base64 and sent as what they are; everything else keeps its schema', async () => {
  const { schema, partTypes } = multipartSchema(
    { type: 'object', properties: { title: { type: 'string' }, image: { type: 'string', format: 'binary', description: 'The picture' }, pages: { type: 'array', items: { type: 'string', contentMediaType: 'application/pdf' } }, meta: { type: 'object' } } },
    { encoding: { image: { contentType: 'image/png, image/jpeg' } } },
  );
  expect(schema).toEqual({
    type: 'object',
    properties: { title: { type: 'string' }, image: { type: 'string', contentEncoding: 'base64', description: 'The picture (a file, in base64)' }, pages: { type: 'array', items: { type: 'string', contentEncoding: 'base64', description: '(a file, in base64)' } }, meta: { type: 'object' } },
  });
  expect(partTypes).toEqual({ image: 'image/png', pages: 'application/octet-stream' });
  const form = await read(multipartBody({ title: 'A "b"', image: Buffer.from([0, 255, 13, 10]).toString('base64'), pages: ['YQ==', 'Yg=='], meta: { a: 1 } }, partTypes));
  expect(form.get('title')).toBe('A "b"');
  const image = form.get('image') as File;
  expect([image.type, new Uint8Array(await image.arrayBuffer())]).toEqual(['image/png', new Uint8Array([0, 255, 13, 10])]);
  expect(await Promise.all(form.getAll('pages').map((page) => (page as File).text()))).toEqual(['a', 'b']);
  expect(form.get('meta')).toBe('{"a":1}');
});

test('no name and no value ends its part, adds a header or another part', async () => {
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.string({ unit: 'binary-ascii', minLength: 1 }).filter((name) => !name.startsWith('__')), fc.string({ unit: 'binary-ascii' })), async (given) => {
      const { body, type } = multipartBody(given, {});
      const text = body.toString('latin1');
      const boundary = type.split('boundary=')[1] ?? '';
      expect(text.split(`--${boundary}`)).toHaveLength(Object.keys(given).length + 2);
      // Each head is one line: what a name could break is escaped.
      const heads = text.split(`--${boundary}\r\n`).slice(1).map((part) => part.split('\r\n\r\n')[0] ?? '');
      for (const head of heads) expect(head).toMatch(/^content-disposition: form-data; name="[^"\r\n]*"$/);
    }),
  );
  expect(() => multipartBody({ file: 'no base64!' }, { file: 'image/png' })).toThrow(/base64/);
});
