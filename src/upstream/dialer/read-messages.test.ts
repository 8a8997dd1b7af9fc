import { describe, expect, test } from 'vitest';
import { Fault } from '../../base/fault.ts';
import type { Envelope } from '../../protocol/envelope.ts';
import { describeInvalid, readMessages } from './read-messages.ts';

function read(text: string): Envelope[] {
  const seen: Envelope[] = [];
  readMessages(Buffer.from(text), (envelope) => seen.push(envelope));
  return seen;
}

describe('messages of a server', () => {
  test('come alone', () => {
    expect(read('{"jsonrpc":"2.0","id":1,"result":{}}').map(({ kind, id }) => [kind, id])).toEqual([['result', 1]]);
  });

  test('come in batches, whatever their strings hold', () => {
    const batch = ' [ {"jsonrpc":"2.0","id":1,"result":{"a":["],[","\\"]}",{}]}} ,\n{"jsonrpc":"2.0","method":"notifications/message","params":{}}]';
    expect(read(batch).map(({ kind, body }) => [kind, body?.text])).toEqual([
      ['result', '{"a":["],[","\\"]}",{}]}'],
      ['notification', '{}'],
    ]);
  });

  test.each(['[]', '[1]', '[[]]', '{}', '', '[{"jsonrpc":"2.0","id":1,"result":{}}', `[${'{"jsonrpc":"2.0","id":1,"result":{}},'.repeat(1000)}{}]`])('are refused where they are none: %.40s', (text) => {
    expect(() => read(text)).toThrow(Fault);
  });

  test('are described without quoting what was sent', () => {
    const fault = new Fault('request.parse', { detail: 'no JSON at byte 3' });
    expect(describeInvalid(fault)).toBe('request.parse no JSON at byte 3');
    expect(() => describeInvalid(new TypeError('a bug of ours'))).toThrow(TypeError);
  });
});
