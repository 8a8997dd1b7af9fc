import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isLoopbackRedirect, isRegisteredRedirect, redirectProblem } from './redirect-policy.ts';

const SCHEMES = ['cursor', 'vscode'];

describe('[AS-02] a redirect may go', () => {
  test.each([
    'https://app.example/callback',
    'https://app.example/callback?tenant=1&x=%2Fy',
    'https://app.example:8443/callback',
    'https://app.example:443/callback',
    'https://xn--bcher-kva.example/cb',
    'http://localhost:33418/',
    'http://localhost/callback',
    'http://127.0.0.1:8080/oauth/callback',
    'http://127.0.0.1/',
    'http://[::1]:9000/cb',
    'cursor://anysphere.cursor-mcp/oauth/callback',
    'vscode://vscode.github-authentication/did-authenticate',
  ])('to %s', (uri) => {
    expect(redirectProblem(uri, SCHEMES)).toBeUndefined();
  });
});

describe('[AS-02] a redirect may not go', () => {
  test.each([
    ['http://app.example/callback', 'another machine'],
    ['http://localhost.evil.example/cb', 'another machine'],
    ['http://127.0.0.1.evil.example/cb', 'another machine'],
    ['http://127.0.0.2/cb', 'another machine'],
    ['http://[::ffff:127.0.0.1]/cb', 'plain form'],
    ['http://0.0.0.0/cb', 'another machine'],
    ['http://2130706433/cb', 'plain form'],
    ['http://0x7f.1/cb', 'plain form'],
    ['http://127.1/cb', 'plain form'],
    ['http://LOCALHOST/cb', 'plain form'],
    ['http://localhost./cb', 'dot'],
    ['https://app.example./cb', 'dot'],
    ['https://APP.example/cb', 'plain form'],
    ['HTTPS://app.example/cb', 'no host'],
    ['https://app.example/cb#x', 'fragment'],
    ['https://app.example/cb#', 'fragment'],
    ['https://user@app.example/cb', 'credentials'],
    ['https://user:pass@app.example/cb', 'credentials'],
    ['https://app.example@evil.example/cb', 'credentials'],
    ['https://@evil.example/cb', 'credentials'],
    ['https://app.example%2eevil.example/cb', 'encoded host'],
    ['https://app.example%00.evil.example/cb', 'address'],
    ['https://app.example\\@evil.example/cb', 'characters'],
    ['https:\\\\evil.example/cb', 'characters'],
    ['https:evil.example/cb', 'no host'],
    ['https:/evil.example/cb', 'no host'],
    ['https:///evil.example/cb', 'no host'],
    ['https://app.example/a/../cb', 'dot segments'],
    ['https://app.example/a/%2e%2e/cb', 'dot segments'],
    ['https://app.example/.%2E/cb', 'dot segments'],
    ['https://app.example/cb\n', 'characters'],
    ['https://app.example/c b', 'characters'],
    ['https://bücher.example/cb', 'characters'],
    ['https://app.example:99999/cb', 'not an absolute address'],
    ['https://app.example:0443/cb', 'plain form'],
    ['//evil.example/cb', 'not an absolute address'],
    ['/cb', 'not an absolute address'],
    ['', 'characters'],
    ['javascript:alert(1)', 'scheme javascript'],
    ['data:text/html,x', 'scheme data'],
    ['file:///etc/passwd', 'scheme file'],
    ['ftp://app.example/cb', 'scheme ftp'],
    ['evil://x/cb', 'scheme evil'],
    ['cursor-evil://x/cb', 'scheme cursor-evil'],
    ['CURSOR://x/cb', 'scheme cursor'],
    ['cursor://user@x/cb', 'credentials'],
    [`https://app.example/${'x'.repeat(2_100)}`, 'longer'],
  ])('to %s', (uri, why) => {
    expect(redirectProblem(uri, SCHEMES)).toContain(why);
  });

  test('with a scheme that the operator does not list', () => {
    expect(redirectProblem('cursor://x/cb', [])).toContain('scheme');
  });
});

describe('[AS-02] a registered redirect', () => {
  const registered = ['https://app.example/cb', 'http://127.0.0.1:5000/cb', 'http://[::1]/cb', 'http://localhost:5000/cb'];

  test.each([
    'https://app.example/cb',
    'http://127.0.0.1:5000/cb',
    'http://127.0.0.1:6000/cb',
    'http://127.0.0.1/cb',
    'http://[::1]:7/cb',
    'http://localhost:5000/cb',
  ])('matches %s', (asked) => {
    expect(isRegisteredRedirect(asked, registered)).toBe(true);
  });

  test.each([
    'https://app.example/cb/',
    'https://app.example/cb?x=1',
    'https://app.example/CB',
    'https://app.example/c%62',
    'https://app.example:443/cb',
    'https://app.example:444/cb',
    'https://app.example//cb',
    'https://app.example.evil.example/cb',
    'http://app.example/cb',
    'http://127.0.0.1:6000/cb/x',
    'http://127.0.0.1:6000/cb?x',
    'http://127.0.0.1:6000@evil.example/cb',
    'http://127.0.0.1:99999/cb',
    'http://localhost:6000/cb',
    'http://[::1]:7/other',
    'https://127.0.0.1:5000/cb',
  ])('does not match %s', (asked) => {
    expect(isRegisteredRedirect(asked, registered)).toBe(false);
  });

  test('matches nothing that goes to another host or path, whatever the port', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true }), fc.nat(70_000), (url, port) => {
        for (const asked of [url, url.replace(/^https?:\/\/[^/]*/, `http://127.0.0.1:${port}`)]) {
          if (!isRegisteredRedirect(asked, registered)) continue;
          const { hostname, pathname, search } = new URL(asked);
          expect(['127.0.0.1', 'app.example', 'localhost', '[::1]']).toContain(hostname);
          expect(pathname + search).toBe('/cb');
        }
      }),
    );
  });
});

test('[AS-10] a redirect to this machine is known as such', () => {
  expect(['http://localhost:1/x', 'http://127.0.0.1/x', 'http://[::1]:2/x'].map(isLoopbackRedirect)).toEqual([true, true, true]);
  expect(['https://localhost/x', 'https://app.example/x', 'cursor://localhost/x'].map(isLoopbackRedirect)).toEqual([false, false, false]);
});
