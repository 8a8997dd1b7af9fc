import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import type { JsonObject } from '../../protocol/messages.ts';
import { answerOf, outputSchemaOf } from './output-schema.ts';

const PET: JsonObject = { type: 'object', required: ['id'], additionalProperties: false, properties: { id: { type: 'integer', minimum: 1 }, kind: { oneOf: [{ type: 'string', enum: ['cat'] }, { type: 'string' }] }, born: { type: 'string', format: 'date' } } };
const document: JsonObject = { openapi: '3.1.0', components: { schemas: { Pet: PET } } };
const operation = (schema: JsonObject, status = '200'): JsonObject => ({ responses: { '404': { content: { 'application/json': { schema: { type: 'string' } } } }, [status]: { content: { 'text/html': {}, 'application/json; charset=utf-8': { schema } } } } });

test('the schema is that of the first JSON answer that means success, without its references', () => {
  expect(answerOf(document, operation({ $ref: '#/components/schemas/Pet' }, '201'))).toMatchObject({ properties: { id: { type: 'integer' } } });
  expect(answerOf(document, operation({ type: 'array', items: { $ref: '#/components/schemas/Pet' } }, '2XX'))).toMatchObject({ type: 'array', items: { type: 'object' } });
  expect(answerOf(document, { responses: { '204': { description: 'gone' } } })).toBeUndefined();
  expect(outputSchemaOf(undefined, [])).toBeUndefined();
});

test('answers that are a little beside their document still fit, others do not', () => {
  const schema = outputSchemaOf(answerOf(document, operation({ $ref: '#/components/schemas/Pet' })), []);
  expect(schema).toMatchObject({ type: 'object', properties: { id: { type: ['integer', 'null'] }, born: { type: ['string', 'null'] } } });
  const fits = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(schema ?? {});
  for (const answer of [{ id: 1 }, {}, { id: null, kind: 'dog', more: true }, { born: 'soon' }, { id: 0, kind: 'cat' }]) expect([answer, fits(answer)]).toEqual([answer, true]);
  expect(fits({ id: 'one' })).toBe(false);
});

test('an answer that is no object stands in the member result, and fields that are not kept are not told', () => {
  const list = answerOf(document, operation({ type: 'array', items: { $ref: '#/components/schemas/Pet' } }));
  expect(outputSchemaOf(list, ['id'])).toEqual({ type: 'object', properties: { result: { type: ['array', 'null'], items: { type: ['object', 'null'], properties: { id: { type: ['integer', 'null'] } } } } } });
});
