import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PostHeadReader } from './post-head.ts';

const PLAIN = 'POST /metamcp/dev/mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2';

interface ReadByNode {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

const readPostHead = (text: string): ReturnType<PostHeadReader['read']> => new PostHeadReader().read(text);

let server: Server;
let came: (read: ReadByNode) => void = () => undefined;

beforeAll(async () => {
  server = createServer((http, response) => {
    const { method, url, headers } = http;
    void text(http).then((body) => {
      came({ method, url, headers, body });
      response.end();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** What node:http makes of a head with a body of that length; undefined where it refuses it. */
async function readByNode(head: string, lengthBytes: number): Promise<ReadByNode | undefined> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const read = new Promise<ReadByNode>((resolve) => (came = resolve));
  socket.on('error', () => undefined);
  socket.write(Buffer.concat([Buffer.from(`${head}\r\n\r\n`, 'latin1'), Buffer.alloc(lengthBytes, 'x')]));
  socket.resume();
  const found = await Promise.race([read, once(socket, 'close').then(() => undefined)]);
  socket.destroy();
  return found;
}

test('reads the head of a plain post', () => {
  expect(readPostHead(`${PLAIN}\r\nMcp-Name:  a b\t`)).toMatchObject({
    url: '/metamcp/dev/mcp',
    headers: { host: 'localhost', 'content-type': 'application/json', 'content-length': '2', 'mcp-name': 'a b' },
    rawHeaders: ['Host', 'localhost', 'Content-Type', 'application/json', 'Content-Length', '2', 'Mcp-Name', 'a b'],
    lengthBytes: 2,
  });
});

test.each([
  ['another method', PLAIN.replace('POST', 'GET')],
  ['another version', PLAIN.replace('1.1', '1.0')],
  ['an absolute address', PLAIN.replace('/metamcp', 'http://localhost/metamcp')],
  ['an address of tools as plain HTTP', PLAIN.replace('dev/mcp', 'dev/api/echo')],
  ['two blanks', PLAIN.replace('POST ', 'POST  ')],
  ['no host', PLAIN.replace('Host: localhost\r\n', '')],
  ['no length', PLAIN.replace('\r\nContent-Length: 2', '')],
  ['a length with a sign', PLAIN.replace(': 2', ': +2')],
  ['a length with a zero before', PLAIN.replace(': 2', ': 02')],
  ['a length that is a list', PLAIN.replace(': 2', ': 2, 2')],
  ['two lengths', `${PLAIN}\r\nContent-Length: 2`],
  ['two hosts', `${PLAIN}\r\nhost: localhost`],
  ['chunks', `${PLAIN}\r\nTransfer-Encoding: chunked`],
  ['an upgrade', `${PLAIN}\r\nUpgrade: websocket`],
  ['an expectation', `${PLAIN}\r\nExpect: 100-continue`],
  ['the last request', `${PLAIN}\r\nConnection: close`],
  ['named hop fields', `${PLAIN}\r\nConnection: keep-alive, x`],
  ['a folded line', `${PLAIN}\r\nX-A: b\r\n c`],
  ['a blank before the colon', `${PLAIN}\r\nX-A : b`],
  ['a bare line feed', `${PLAIN}\r\nX-A: b\nX-C: d`],
  ['a bare carriage return', `${PLAIN}\r\nX-A: b\rX-C: d`],
  ['a character zero', `${PLAIN}\r\nX-A: b\0`],
  ['a byte above ASCII', `${PLAIN}\r\nX-A: \u00e9`],
  ['a name that is none', `${PLAIN}\r\nX(A): b`],
  ['no name', `${PLAIN}\r\n: b`],
  ['too many fields', PLAIN + Array.from({ length: 98 }, (_, index) => `\r\nx-${index}: 1`).join('')],
  ['too long', `${PLAIN}\r\nX-A: ${'a'.repeat(16 * 1024)}`],
])('leaves %s to node:http', (_what, written) => {
  expect(readPostHead(written)).toBeUndefined();
});

const piece = fc.oneof(
  fc.constantFrom('Host: localhost', 'Content-Length: 2', 'content-length: 0', 'Content-Length:7', 'Transfer-Encoding: chunked', 'Connection: keep-alive', 'connection: close', 'X-A:\t b \t', 'x-a: c', 'Accept: */*', '__proto__: x', 'constructor: y', 'Mcp-Name: =?base64?YQ==?=', ' folded', 'Te: trailers'),
  fc.string({ unit: 'binary-ascii', maxLength: 12 }),
  fc.tuple(fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 6 }), fc.string({ unit: 'grapheme-ascii', maxLength: 10 })).map(([name, value]) => `${name}: ${value}`),
);
const line = fc.constantFrom('POST /metamcp/dev/mcp HTTP/1.1', 'POST /metamcp/dev/message?sessionId=a%20b&c HTTP/1.1', 'POST /metamcp/dev/mcp?# HTTP/1.1', 'GET /metamcp/dev/mcp HTTP/1.1', 'POST /metamcp/dev/mcp?a b HTTP/1.1');

const heads = fc.tuple(line, fc.constant('Host: localhost'), fc.constantFrom('Content-Length: 2', 'content-length: 11', 'Content-Length: 2'), fc.array(piece, { maxLength: 4 })).map(([first, host, length, rest]) => [first, host, length, ...rest].join('\r\n'));

test('whatever it calls plain, node:http reads the same way', async () => {
  let plain = 0;
  await fc.assert(
    fc.asyncProperty(heads, async (written) => {
      const head = readPostHead(written);
      if (head === undefined) return;
      plain++;
      const { connection: _connection, ...headers } = head.headers;
      const read = await readByNode(written, head.lengthBytes);
      const { connection: _own, ...readHeaders } = read?.headers ?? {};
      expect({ ...read, headers: readHeaders }).toEqual({ method: 'POST', url: head.url, headers: { ...headers }, body: 'x'.repeat(head.lengthBytes) });
    }),
    { numRuns: 600, seed: 17 },
  );
  expect(plain).toBeGreaterThan(60);
});

test('a head after others is read as one that comes first', () => {
  const changed = fc.tuple(heads, fc.nat(6), piece).map(([written, at, other]) => written.split('\r\n').with(Math.min(at, written.split('\r\n').length - 1), other).join('\r\n'));
  // The same names with other values are what it is about; the others may come between.
  const alike = fc.tuple(fc.constantFrom('2', '0', '11', '02', 'x'), fc.constantFrom('a', 'b', ' c\t', 'd\u00e9', ''), fc.constantFrom('keep-alive', 'close')).map(([length, session, connection]) => `${PLAIN.replace(': 2', `: ${length}`)}\r\nMcp-Session-Id: ${session}\r\nConnection: ${connection}`);
  let plain = 0;
  fc.assert(
    fc.property(fc.array(fc.oneof(alike, alike, heads, changed), { minLength: 2, maxLength: 8 }), (sequence) => {
      const reader = new PostHeadReader();
      for (const written of sequence) {
        const read = reader.read(written);
        expect(read).toEqual(readPostHead(written));
        if (read !== undefined) plain++;
      }
    }),
    { numRuns: 500, seed: 5 },
  );
  expect(plain).toBeGreaterThan(300);
});

test('a head in which one value changes again and again is read as one that comes first', () => {
  const fields = { 'Content-Length': ['2', '7', '11', '02', ''], 'Mcp-Session-Id': ['a', ' b\t', 'c d', '', '\u00e9'], Connection: ['keep-alive', 'Keep-Alive', ' keep-alive', 'close'], Host: ['localhost', '127.0.0.1', ''] };
  const broken = fc.constantFrom('d\r\nX-A: e', '\r\n', 'f\r', 'g\n', 'h'.repeat(16 * 1024));
  const written = (values: Readonly<Record<string, string>>): string => ['POST /metamcp/dev/mcp HTTP/1.1', ...Object.keys(fields).map((name) => `${name}:${values[name] ?? fields[name as keyof typeof fields][0]}`)].join('\r\n');
  const value = fc.constantFrom(...(Object.keys(fields) as (keyof typeof fields)[])).chain((name) => {
    const one = fc.constantFrom(...fields[name]);
    return fc.array(fc.oneof({ arbitrary: one, weight: 8 }, broken), { minLength: 4, maxLength: 8 }).map((values) => values.map((each) => ({ [name]: each })));
  });
  // After one field another one, or both.
  const sequence = fc.tuple(value, value).map(([some, others]) => [...some, ...others, ...some.map((each, at) => ({ ...each, ...others[at] }))]);
  let plain = 0;
  fc.assert(
    fc.property(sequence, (values) => {
      const reader = new PostHeadReader();
      for (const each of values) {
        const read = reader.read(written(each));
        expect(read).toEqual(readPostHead(written(each)));
        if (read !== undefined) plain++;
      }
    }),
    { numRuns: 500, seed: 11 },
  );
  expect(plain).toBeGreaterThan(3_000);
});
