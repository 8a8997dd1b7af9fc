import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { createAddressOf } from './client-address.ts';

const request = (peer: string, forwarded?: string): IncomingMessage =>
  ({ socket: { remoteAddress: peer }, headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded } }) as unknown as IncomingMessage;

test('[TR-08] a forwarding header from a peer that is no trusted proxy changes nothing', () => {
  expect(createAddressOf([])(request('203.0.113.9', '1.2.3.4'))).toBe('203.0.113.9');
  expect(createAddressOf(['10.0.0.0/8'])(request('203.0.113.9', '1.2.3.4'))).toBe('203.0.113.9');
});

test.each([
  ['10.1.2.3', '198.51.100.7', '198.51.100.7'],
  ['10.1.2.3', '6.6.6.6, 198.51.100.7, 10.9.9.9', '198.51.100.7'],
  ['::ffff:10.1.2.3', '198.51.100.7', '198.51.100.7'],
  ['127.0.0.1', '2001:db8::5', '2001:db8::5'],
  ['10.1.2.3', 'nonsense', '10.1.2.3'],
  ['10.1.2.3', '10.4.4.4', '10.1.2.3'],
])('[TR-08] behind trusted proxies the last address that is none of them counts: %s, %s', (peer, forwarded, expected) => {
  expect(createAddressOf(['10.0.0.0/8', 'loopback'])(request(peer, forwarded))).toBe(expected);
});
