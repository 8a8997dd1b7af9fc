/** The bodies of all requests in flight share one budget: while they are read, and while their calls go on. */
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { modernScript, type Script } from '../../test/support/fake-link.ts';
import { modernRequest } from '../../test/support/http-peer.ts';
import { exchange } from '../../test/support/raw-http.ts';
import { type Plane, startPlane } from '../../test/support/start-plane.ts';
import { ByteBudget } from '../base/byte-budget.ts';

const BODIES_BYTES_MAX = 100_000;
const bodies = new ByteBudget(BODIES_BYTES_MAX);
const answers: (() => void)[] = [];
let plane: Plane;

const answersLater: Script = (sent, link) => {
  if (sent.method === 'tools/call') answers.push(() => link.answer(sent.id, { resultType: 'complete', content: [] }));
  else link.refuse(sent.id, -32601);
};

beforeAll(async () => {
  plane = await startPlane({ servers: { files: modernScript(answersLater) }, deps: { bodies } });
});
afterAll(() => plane.stop());

const call = (filling: number) => modernRequest({ url: plane.url }, 'tools/call', { name: 'files__echo', arguments: { text: 'x'.repeat(filling) } });

test('[RL-14] what would be too much together is refused with a time to come back, and taken once others are done', async () => {
  const first = call(60_000);
  await expect.poll(() => answers.length, { timeout: 5_000 }).toBe(1);
  expect(bodies.heldBytes).toBeGreaterThan(60_000);
  const refused = await exchange(plane.url, { bytes: post('x'.repeat(60_000)) });
  expect([refused.status, /^retry-after: 2\r?$/im.test(refused.head)]).toEqual([503, true]);
  expect(JSON.parse(refused.body)).toMatchObject({ error: { code: -31006, data: { reason: 'bodies', retryable: true, outcome: 'not_executed' } } });
  answers.pop()?.();
  expect((await first).message.result).toMatchObject({ content: [] });
  await expect.poll(() => bodies.heldBytes, { timeout: 5_000 }).toBe(0);
  const second = call(60_000);
  await expect.poll(() => answers.length, { timeout: 5_000 }).toBe(1);
  answers.pop()?.();
  expect((await second).message.result).toMatchObject({ content: [] });
});

test('[RL-14] a body that is still on its way counts as far as it came, and no further once its client left', async () => {
  await expect.poll(() => bodies.heldBytes, { timeout: 5_000 }).toBe(0);
  const { hostname, port } = new URL(plane.url);
  const socket = connect(Number(port), hostname);
  socket.write(post('x'.repeat(90_000)).slice(0, 70_000));
  await expect.poll(() => bodies.heldBytes, { timeout: 5_000 }).toBeGreaterThan(60_000);
  expect((await exchange(plane.url, { bytes: post('x'.repeat(60_000)) })).status).toBe(503);
  socket.destroy();
  await expect.poll(() => bodies.heldBytes, { timeout: 5_000 }).toBe(0);
});

/** A whole request as bytes; what is in it is no message. */
function post(body: string): string {
  const { pathname, host } = new URL(plane.url);
  return `POST ${pathname} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\naccept: application/json, text/event-stream\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}
