import { describe, expect, test } from 'vitest';
import { Fault } from '../../base/fault.ts';
import { WireError } from './wire-request.ts';
import { faultOfBreak, faultOfStatus, retryAfterSeconds } from './answer-fault.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 12, 0, 0);

describe('a status', () => {
  test.each([
    [301, {}, 'egress.refused', 'not_executed'],
    [307, { location: 'http://169.254.169.254/' }, 'egress.refused', 'not_executed'],
    [400, {}, 'upstream.protocol_error', 'not_executed'],
    [401, {}, 'upstream.grant_needed', 'not_executed'],
    [403, {}, 'upstream.protocol_error', 'not_executed'],
    [403, { 'www-authenticate': 'Bearer error="insufficient_scope"' }, 'upstream.grant_needed', 'not_executed'],
    [404, {}, 'upstream.unavailable', 'not_executed'],
    [405, {}, 'upstream.protocol_error', 'not_executed'],
    [429, {}, 'upstream.unavailable', 'not_executed'],
    [500, {}, 'upstream.protocol_error', 'unknown'],
    [502, { 'content-type': 'text/html' }, 'upstream.protocol_error', 'unknown'],
    [503, {}, 'upstream.unavailable', 'not_executed'],
    [504, {}, 'upstream.protocol_error', 'unknown'],
  ] as const)('[F-18] %i %j means %s, effect %s', (status, headers, code, effect) => {
    expect(faultOfStatus({ status, headers }, 'files', NOW_MS)).toMatchObject({ code, effect, server: 'files' });
  });

  test('[F-18] of 429 and 503 passes Retry-After on', () => {
    expect(faultOfStatus({ status: 429, headers: { 'retry-after': '17' } }, 'files', NOW_MS).retryAfterSeconds).toBe(17);
    expect(faultOfStatus({ status: 503, headers: { 'retry-after': '3' } }, 'files', NOW_MS).retryAfterSeconds).toBe(3);
    expect(faultOfStatus({ status: 500, headers: { 'retry-after': '3' } }, 'files', NOW_MS).retryAfterSeconds).toBeUndefined();
  });
});

test.each([
  ['0', 0],
  ['120', 120],
  ['99999999', 86_400],
  ['Sat, 21 Nov 2026 12:00:30 GMT', 30],
  ['Sat, 21 Nov 2026 11:00:00 GMT', 0],
  ['soon', undefined],
  ['-1', 0],
  ['', undefined],
])('Retry-After: %s is %s seconds', (text, seconds) => {
  // A negative number parses as a date long past.
  expect(retryAfterSeconds({ status: 429, headers: { 'retry-after': text } }, NOW_MS)).toBe(seconds);
});

describe('a broken connection', () => {
  const broken = Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' });

  test('[F-16] leaves the effect unknown once the request was sent', () => {
    expect(faultOfBreak(broken, 'files', true)).toMatchObject({ code: 'upstream.closed', effect: 'unknown' });
  });

  test('[F-16] is unavailability, not executed, before', () => {
    expect(faultOfBreak(broken, 'files', false)).toMatchObject({ code: 'upstream.unavailable', effect: 'not_executed' });
  });

  test('passes a fault of the dialer on', () => {
    const fault = new Fault('upstream.unavailable', { reason: 'upstream_tls' });
    expect(faultOfBreak(fault, 'files', false)).toBe(fault);
  });

  test('[F-06] tells HTTP that is wrong from HTTP that is cut off', () => {
    expect(faultOfBreak(new WireError('malformed', 'not an HTTP answer'), 'files', true).code).toBe('upstream.protocol_error');
    expect(faultOfBreak(new WireError('cut_off', 'the connection ended within the answer'), 'files', true).code).toBe('upstream.closed');
  });
});
