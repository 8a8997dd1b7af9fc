import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { checkHostAndOrigin, createHostRules } from './host-rules.ts';

const RULES = createHostRules(['https://mcp.example/base'], ['gateway.lan']);

/** As Node hands a request over: the first of several equal headers counts, all are in `rawHeaders`. */
function incoming(...lines: readonly (readonly [name: string, value: string])[]): IncomingMessage {
  const headers: Record<string, string> = {};
  for (const [name, value] of lines) headers[name.toLowerCase()] ??= value;
  return { headers, rawHeaders: lines.flat(), socket: { localPort: 12_008 } } as unknown as IncomingMessage;
}

test.each(['localhost', 'localhost:12008', '127.0.0.1:12008', '[::1]:12008', 'LOCALHOST', 'mcp.example', 'gateway.lan:80'])(
  '[TR-02] the host %s is ours',
  (host) => {
    expect(() => checkHostAndOrigin(incoming(['Host', host]), RULES)).not.toThrow();
  },
);

test.each(['attacker.example', 'localhost.attacker.example', '127.0.0.1.attacker.example', 'mcp.example.attacker.example', '[::2]', ''])(
  '[TR-02] the host %j is refused',
  (host) => {
    expect(() => checkHostAndOrigin(incoming(['Host', host]), RULES)).toThrow(expect.objectContaining({ code: 'request.host_refused' }));
  },
);

test('[TR-02] no host is refused', () => {
  expect(() => checkHostAndOrigin(incoming(), RULES)).toThrow(expect.objectContaining({ code: 'request.host_refused' }));
});

test.each(['http://localhost:12008', 'http://127.0.0.1:12008', 'https://mcp.example'])('[TR-01] the origin %s may speak', (origin) => {
  expect(() => checkHostAndOrigin(incoming(['Host', 'localhost:12008'], ['Origin', origin]), RULES)).not.toThrow();
});

test.each(['null', 'http://evil.example', 'https://mcp.example.evil.example', 'http://mcp.example', 'http://localhost:9', 'file://', ''])(
  '[TR-01] the origin %j is refused',
  (origin) => {
    expect(() => checkHostAndOrigin(incoming(['Host', 'localhost:12008'], ['Origin', origin]), RULES)).toThrow(
      expect.objectContaining({ code: 'request.origin_refused' }),
    );
  },
);

test.each([
  ['Authorization', 'request.duplicate_header'],
  ['X-API-Key', 'request.duplicate_header'],
  ['Mcp-Session-Id', 'request.duplicate_header'],
  ['Mcp-Method', 'request.header_mismatch'],
  ['MCP-Protocol-Version', 'request.header_mismatch'],
])('[TR-04] %s twice is refused, whatever the case of its letters', (name, code) => {
  const twice = incoming(['Host', 'localhost'], [name, 'a'], [name.toUpperCase(), 'a']);
  expect(() => checkHostAndOrigin(twice, RULES)).toThrow(expect.objectContaining({ code }));
});

test('a header that may come often may come often', () => {
  expect(() => checkHostAndOrigin(incoming(['Host', 'localhost'], ['Accept', 'a'], ['Accept', 'b']), RULES)).not.toThrow();
});

test('[TR-01] an origin on the port that its scheme means anyway may speak there, and only there', () => {
  const onPort = (localPort: number): IncomingMessage => Object.assign(incoming(['Host', 'localhost'], ['Origin', 'http://localhost']), { socket: { localPort } });
  expect(() => checkHostAndOrigin(onPort(80), RULES)).not.toThrow();
  expect(() => checkHostAndOrigin(onPort(12_008), RULES)).toThrow(expect.objectContaining({ code: 'request.origin_refused' }));
});
