import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ResponseParser } from './response-parser.ts';
import { WireError } from './wire-request.ts';

const HEAD_BYTES_MAX = 1_024;

interface Heard {
  readonly heads: { status: number; headers: unknown }[];
  body: string;
  readonly ends: boolean[];
}

/** What a parser tells of these pieces, and of the end of the connection where `isEnded`. */
function parse(pieces: readonly Buffer[], isEnded = false): Heard {
  const heard: Heard = { heads: [], body: '', ends: [] };
  const parser = new ResponseParser(
    {
      head: (status, headers) => heard.heads.push({ status, headers }),
      data: (chunk) => (heard.body += chunk.toString('latin1')),
      complete: (isReusable) => heard.ends.push(isReusable),
    },
    HEAD_BYTES_MAX,
  );
  for (const piece of pieces) if (heard.ends.length === 0) parser.push(piece);
  if (isEnded && heard.ends.length === 0) parser.end();
  return heard;
}

const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');

describe('a response', () => {
  test.each([
    ['of a told length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', { body: 'hello', ends: [true] }],
    ['of length nought', 'HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n', { body: '', ends: [true] }],
    ['in chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5;x=1\r\nhello\r\n1\r\n!\r\n0\r\nx-trailer: 1\r\n\r\n', { body: 'hello!', ends: [true] }],
    ['without a body by its status', 'HTTP/1.1 204 No Content\r\n\r\n', { body: '', ends: [true] }],
    ['after informational ones', 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx', { body: 'x', ends: [true] }],
    ['that closes its connection', 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 1\r\n\r\nx', { body: 'x', ends: [false] }],
    ['of HTTP/1.0', 'HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\nx', { body: 'x', ends: [false] }],
    ['with more behind it', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n', { body: 'x', ends: [false] }],
    ['without a reason phrase', 'HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n', { body: '', ends: [true] }],
  ])('%s is read whole, however it is cut', (_name, text, expected) => {
    const bytes = bytesOf(text);
    expect(parse([bytes])).toMatchObject(expected);
    // Bytes behind the response are seen only where they come with its last piece.
    if (expected.ends[0] !== true) return;
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(bytes.length)), (cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const pieces = places.slice(1).map((place, index) => bytes.subarray(places[index], place));
        expect(parse(pieces)).toMatchObject(expected);
      }),
    );
  });

  test('keeps repeated headers as a list and lowers their names', () => {
    const { heads } = parse([bytesOf('HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nwww-authenticate:\tBearer \r\ncontent-length: 0\r\n\r\n')]);
    expect(heads).toEqual([{ status: 401, headers: { 'www-authenticate': ['Basic', 'Bearer'], 'content-length': '0' } }]);
  });

  test('without any length ends with its connection, which is not used again', () => {
    expect(parse([bytesOf('HTTP/1.1 200 OK\r\n\r\nabc'), bytesOf('def')], true)).toMatchObject({ body: 'abcdef', ends: [false] });
  });
});

test('what one connection answers, one after the other, is read as each would be read alone', () => {
  const responses = [
    'HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx',
    'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nxy',
    'HTTP/1.1 202 OK\r\ncontent-length: 1\r\n\r\nx',
    'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n',
    'HTTP/1.1 204 No Content\r\n\r\n',
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...responses), { minLength: 1, maxLength: 8 }), (texts) => {
      const heard: Heard = { heads: [], body: '', ends: [] };
      const parser = new ResponseParser({ head: (status, headers) => heard.heads.push({ status, headers }), data: (chunk) => (heard.body += chunk.toString('latin1')), complete: (isReusable) => heard.ends.push(isReusable) }, HEAD_BYTES_MAX);
      for (const text of texts) {
        parser.push(bytesOf(text));
        parser.restart();
      }
      const alone = texts.map((text) => parse([bytesOf(text)]));
      expect(heard).toEqual({ heads: alone.flatMap(({ heads }) => heads), body: alone.map(({ body }) => body).join(''), ends: alone.flatMap(({ ends }) => ends) });
    }),
  );
});

describe('[F-06] bytes that two readers could understand differently are refused:', () => {
  test.each([
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
    ['HTTP/2', 'HTTP/2 200\r\n\r\n'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx'],
    ['the same length twice', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\nx'],
    ['a length beside chunks', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['another coding', 'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
    ['a negative length', 'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n'],
    ['a length with a sign', 'HTTP/1.1 200 OK\r\ncontent-length: +1\r\n\r\nx'],
    ['a folded header', 'HTTP/1.1 200 OK\r\nx-a: 1\r\n 2\r\ncontent-length: 0\r\n\r\n'],
    ['a space before the colon', 'HTTP/1.1 200 OK\r\ncontent-length : 0\r\n\r\n'],
    ['a header without colon', 'HTTP/1.1 200 OK\r\nnothing\r\n\r\n'],
    ['a bare line feed', 'HTTP/1.1 200 OK\r\nx-a: 1\nx-b: 2\r\n\r\n'],
    ['a nought byte', 'HTTP/1.1 200 OK\r\nx-a: \0\r\n\r\n'],
    ['a chunk size that is no number', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0x5\r\nhello\r\n'],
    ['a chunk longer than its size', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nhello\r\n'],
    ['a change of protocol', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n'],
    ['a head without end', `HTTP/1.1 200 OK\r\nx-a: ${'a'.repeat(HEAD_BYTES_MAX)}`],
    ['a chunk size without end', `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;${'a'.repeat(HEAD_BYTES_MAX)}`],
  ])('%s', (_name, text) => {
    expect(() => parse([bytesOf(text)])).toThrow(WireError);
    expect(() => parse([bytesOf(text)])).toThrow(expect.objectContaining({ kind: 'malformed' }) as Error);
  });
});

test('[F-16] the end of the connection within a response is told from a malformed one', () => {
  for (const text of ['', 'HTTP/1.1 200 OK\r\ncont', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nx', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhe']) {
    expect(() => parse(text === '' ? [] : [bytesOf(text)], true), text).toThrow(expect.objectContaining({ kind: 'cut_off' }) as Error);
  }
});

test('no bytes crash the parser or make it tell of more than one response', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constantFrom('HTTP/1.1 200 OK\r\n', 'content-length: 3\r\n', 'transfer-encoding: chunked\r\n', '\r\n', '3\r\n', '0\r\n').map(bytesOf))), (pieces) => {
      try {
        expect(parse(pieces.map((piece) => Buffer.from(piece)), true).ends.length).toBeLessThanOrEqual(1);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(WireError);
      }
    }),
    { numRuns: 2_000 },
  );
});
