import { expect, test } from 'vitest';
import { createIsSecureHost, findUnprotectedUrls, readCookie, toSetCookie } from './cookies.ts';

test('[AD-02] the cookie of a sign-in can be set by our host alone, over a protected connection, and read by no script', () => {
  expect(toSetCookie('sign-in', 'v', { isSecure: true, sameSite: 'Strict', maxAgeSeconds: 60 })).toBe('__Host-metamcp-sign-in=v; Path=/; HttpOnly; SameSite=Strict; Secure; Max-Age=60');
  expect(toSetCookie('sign-in', 'v', { isSecure: false, sameSite: 'Strict', maxAgeSeconds: undefined })).toBe('metamcp-sign-in=v; Path=/; HttpOnly; SameSite=Strict');
});

test('a protected host reads the prefixed cookie only, and none that is there twice', () => {
  expect(readCookie('a=1; __Host-metamcp-sign-in=good; metamcp-sign-in=planted', 'sign-in', true)).toBe('good');
  expect(readCookie('metamcp-sign-in=planted', 'sign-in', true)).toBeUndefined();
  expect(readCookie('__Host-metamcp-sign-in=one; __Host-metamcp-sign-in=two', 'sign-in', true)).toBeUndefined();
  expect(readCookie('x__Host-metamcp-sign-in=one', 'sign-in', true)).toBeUndefined();
  expect(readCookie(null, 'sign-in', true)).toBeUndefined();
});

test('loopback and https public addresses are protected; plain http elsewhere is not, and is told', () => {
  const urls = ['https://mcp.example', 'http://lan.example:12008', 'http://localhost:9'];
  const isSecure = createIsSecureHost(urls);
  expect(['mcp.example', 'MCP.example', 'localhost:12008', '127.0.0.1:1', '[::1]:12008'].map(isSecure)).toEqual([true, true, true, true, true]);
  expect(['lan.example:12008', 'mcp.example:8080', 'localhost.evil.example', null, ' '].map(isSecure)).toEqual([false, false, false, false, false]);
  expect(findUnprotectedUrls(urls)).toEqual(['http://lan.example:12008']);
});
