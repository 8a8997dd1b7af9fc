import { describe, expect, test } from 'vitest';
import { json, type Script, startScriptedServer } from '../../../test/support/scripted-server.ts';
import { type Clock, systemClock } from '../../base/clock.ts';
import { createDialer } from './dialer.ts';
import { createGuardedFetch } from './guarded-fetch.ts';

/** A server on loopback that an allowance opens, and a guarded fetch. */
async function stage(script: Script, clock: Clock = systemClock) {
  const server = await startScriptedServer(script);
  const { port } = new URL(server.url);
  const allowances = () => [{ cidr: '127.0.0.1/32', port: Number(port) }];
  const lookup = (hostname: string) => Promise.resolve(hostname === 'docs.test' ? ['127.0.0.1'] : ['10.0.0.1']);
  const fetch = createGuardedFetch({ clock, dialer: createDialer({ clock: systemClock, ownListeners: () => [], lookup, allowances }) });
  return { server, fetch, port };
}

describe('a guarded fetch', () => {
  test('brings a document with its status and headers', async () => {
    const { fetch, port, server } = await stage((_request, response) => json(response, { issuer: 'x' }, 200, { etag: '"1"' }));
    const document = await fetch(`http://docs.test:${port}/.well-known/x?y=1`);
    expect(document).toMatchObject({ status: 200, url: `http://docs.test:${port}/.well-known/x?y=1`, headers: { etag: '"1"' } });
    expect(document.body.toString()).toBe('{"issuer":"x"}');
    expect(server.requests[0]).toMatchObject({ method: 'GET', url: '/.well-known/x?y=1', headers: { host: `docs.test:${port}` } });
  });

  test('[SF-03] follows up to three redirects', async () => {
    const { fetch, port, server } = await stage(({ url }, response) => {
      const count = Number(url.slice(1));
      if (count === 0) json(response, {});
      else response.writeHead(302, { location: `/${count - 1}` }).end();
    });
    await expect(fetch(`http://docs.test:${port}/3`)).resolves.toMatchObject({ status: 200, url: `http://docs.test:${port}/0` });
    await expect(fetch(`http://docs.test:${port}/4`)).rejects.toMatchObject({ code: 'egress.refused' });
    expect(server.requests).toHaveLength(8);
  });

  test.each(['http://169.254.169.254/latest/', 'http://internal.test/', 'file:///etc/passwd', 'http://user@docs.test/', 'http://[::1]/', 'gopher://docs.test/', 'http://docs.test:6379/', ''])(
    '[SF-03] [SF-01] does not follow a redirect to %s',
    async (location) => {
      const { fetch, port, server } = await stage(({ url }, response) => response.writeHead(302, location === '' ? {} : { location }).end(url));
      await expect(fetch(`http://docs.test:${port}/`)).rejects.toMatchObject({ code: 'egress.refused', message: 'The MCP server is not available.', reason: undefined });
      expect(server.requests).toHaveLength(1);
    },
  );

  test('[SF-06] refuses more than 1 MiB and closes the connection', async () => {
    const { fetch, port, server } = await stage((_request, response) => response.end(Buffer.alloc(3 << 20)));
    await expect(fetch(`http://docs.test:${port}/`)).rejects.toMatchObject({ code: 'egress.refused', detail: expect.stringContaining('1048576') });
    await expect.poll(() => server.openSockets.size).toBe(0);
  });

  test('[SF-06] gives up after ten seconds in all', async () => {
    const asked: number[] = [];
    const clock: Clock = { ...systemClock, after: (delayMs, run) => (asked.push(delayMs), systemClock.after(20, run)) };
    const { fetch, port, server } = await stage(() => undefined, clock);
    await expect(fetch(`http://docs.test:${port}/`)).rejects.toMatchObject({ code: 'egress.refused', detail: expect.stringContaining('no answer in time') });
    expect(asked[0]).toBeGreaterThan(9_900);
    expect(asked[0]).toBeLessThanOrEqual(10_000);
    await expect.poll(() => server.openSockets.size).toBe(0);
  });
});
