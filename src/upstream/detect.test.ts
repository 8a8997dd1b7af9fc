import { expect, test } from 'vitest';
import { httpSpec, linkDeps } from '../../test/support/recorded-link.ts';
import { json, startScriptedServer } from '../../test/support/scripted-server.ts';
import type { Clock } from '../base/clock.ts';
import { connectUpstream, Verdicts } from './detect.ts';
import { openHttpLink } from './http/http-link.ts';

/** No deadline ever comes: whatever happens is not for want of an answer. */
const PATIENT: Clock = { nowMs: () => 0, monotonicMs: () => 0, after: () => () => undefined };

test.each([null, 'server-error', 1])('an HTTP server that refuses the probe with the id %j is known as legacy at once', async (id) => {
  const initialized = { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'old', version: '1' } };
  const server = await startScriptedServer((request, response) => {
    const asked = request.body === '' ? undefined : (JSON.parse(request.body) as { id?: number; method: string });
    if (asked?.method === 'initialize') json(response, { jsonrpc: '2.0', id: asked.id, result: initialized });
    else if (asked?.method === 'server/discover') json(response, { jsonrpc: '2.0', id, error: { code: -32000, message: 'Bad Request: Server not initialized' } }, 400);
    else response.writeHead(asked === undefined ? 405 : 202).end();
  });
  const spec = httpSpec(server.url);
  const events = { listChanged: ignore, resourceUpdated: ignore, log: ignore, notify: ignore, ask: ignore, closed: ignore };
  const deps = { clock: PATIENT, random: () => 0.5, gatewayInfo: {}, verdicts: new Verdicts(PATIENT), isInteractive: false, onDropped: ignore, events };
  const peer = await connectUpstream((linkEvents) => openHttpLink(spec, (text) => text, linkDeps(), linkEvents), spec, deps);
  expect(peer.profile).toMatchObject({ family: 'legacy', revision: '2025-11-25' });
  expect(deps.verdicts.find(spec.fingerprint)).toMatchObject({ family: 'legacy' });
  await peer.close();
});

function ignore(): void {
  // Nothing is told here that this test asks for.
}
