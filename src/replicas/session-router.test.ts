import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import type { StoredReplica } from '../storage/replicas.ts';
import type { SessionFacts, SharedSession } from '../storage/shared-sessions.ts';
import type { ForwardOutcome } from './replica-door.ts';
import { SessionRouter } from './session-router.ts';

const FACTS: SessionFacts = { endpoint: 'dev', principal: { kind: 'key', id: 'key:1', credentialId: '1', name: 'one' }, revision: '2025-11-25', capabilities: {}, logLevel: 'info', watched: [] };
const SELF = { id: 'self', address: 'http://self', isEncrypted: true };

interface World {
  /** Gateways that are there, with what they say. */
  readonly gateways: Record<string, ForwardOutcome>;
  owner: string | undefined;
  isOver?: boolean;
  /** Before our update another one's comes. */
  faster?: string;
  isLeaving?: boolean;
  /** A gateway that is there, but was not heard of yet. */
  begun?: string;
}

function routerIn(world: World) {
  const held = new Set<string>();
  const sent: string[] = [];
  const gone = new Set<string>();
  const router = new SessionRouter({
    self: SELF,
    held: { has: (id) => held.has(id), isLeaving: () => world.isLeaving === true, restore: (id) => void held.add(id) },
    handles: { make: () => '', ownerOf: (handle) => handle.split('@')[1] },
    membership: {
      find: (id) => (id in world.gateways && !gone.has(id) && id !== world.begun ? ({ id, address: `http://${id}`, isEncrypted: true } as StoredReplica) : undefined),
      suspect: (id) => void gone.add(id),
      knows: (id) => id !== world.begun,
      beatNow: () => {
        delete world.begun;
        return Promise.resolve();
      },
    },
    door: {
      forward: ({ id }) => {
        sent.push(id);
        return Promise.resolve(id === 'self' ? 'answered' : (world.gateways[id] ?? 'gone'));
      },
    },
    store: {
      find: (digest): Promise<SharedSession | undefined> => Promise.resolve(world.isOver === true ? undefined : { digest, owner: world.owner, facts: FACTS }),
      take: (_digest, from) => {
        if (world.faster !== undefined) {
          world.owner = world.faster;
          delete world.faster;
        }
        if (world.owner !== from) return Promise.resolve(false);
        world.owner = 'self';
        return Promise.resolve(true);
      },
    },
    addressOf: () => '203.0.113.7',
    readBody: () => Promise.resolve(Buffer.alloc(0)),
    took: () => undefined,
  });
  const http = { headers: { 'mcp-session-id': 's@a' } } as unknown as IncomingMessage;
  return { route: () => router.route('s@a', http, {} as ServerResponse), foreign: () => router.foreignSession(http), sent, held };
}

test('a session is looked for where its id says, and nobody else is asked', async () => {
  const { route, sent } = routerIn({ gateways: { a: 'answered', b: 'answered' }, owner: 'b' });
  await route();
  expect(sent).toEqual(['a']);
});

test('one that moved is found by what is written down, and from then on at once', async () => {
  const { route, sent } = routerIn({ gateways: { a: 'not_held', b: 'answered' }, owner: 'b' });
  await route();
  await route();
  expect(sent).toEqual(['a', 'b', 'b']);
});

test('the session of a gateway that is gone is taken over once, however many ask for it', async () => {
  const { route, sent, held, foreign } = routerIn({ gateways: { a: 'gone' }, owner: 'a' });
  await Promise.all([route(), route(), route()]);
  expect(held.size).toBe(1);
  expect(sent.filter((id) => id === 'self')).toHaveLength(3);
  expect(foreign()).toBeUndefined();
});

test('a gateway that is there but does not have it keeps its other sessions', async () => {
  const { route, sent } = routerIn({ gateways: { a: 'not_held' }, owner: undefined });
  await route();
  expect(sent).toEqual(['a', 'self']);
});

test('where another gateway is faster the request goes there', async () => {
  const { route, sent, held } = routerIn({ gateways: { b: 'answered' }, owner: 'a', faster: 'b' });
  await route();
  expect([sent, held.size]).toEqual([['b'], 0]);
});

test('a session that is over is unknown', async () => {
  const { route } = routerIn({ gateways: { a: 'not_held' }, owner: undefined, isOver: true });
  await expect(route()).rejects.toMatchObject({ code: 'request.session_unknown' });
});

test('a session that ended is not taken over while its end is not written down yet', async () => {
  const { route, held } = routerIn({ gateways: { a: 'not_held' }, owner: 'a' });
  await expect(route()).rejects.toMatchObject({ code: 'request.session_unknown' });
  expect(held.size).toBe(0);
});

test('a gateway that is about to end gives its sessions away', async () => {
  const { route, sent } = routerIn({ gateways: { a: 'leaving' }, owner: 'a' });
  await route();
  expect(sent).toEqual(['a', 'self']);
});

test('a session of this gateway that ended is not begun again by what is still written down of it', async () => {
  const { route, held } = routerIn({ gateways: {}, owner: 'self' });
  await expect(route()).rejects.toMatchObject({ code: 'request.session_unknown' });
  expect(held.size).toBe(0);
});

test('a gateway that ends takes nothing over and loses no session: it is asked for elsewhere', async () => {
  for (const owner of ['self', 'a', undefined]) {
    const { route, held } = routerIn({ gateways: {}, owner, isLeaving: true });
    await expect(route()).rejects.toMatchObject({ code: 'gateway.stopping', effect: 'not_executed' });
    expect([...held]).toEqual([]);
  }
  const { route, sent } = routerIn({ gateways: { a: 'answered' }, owner: 'a', isLeaving: true });
  await route();
  expect(sent).toEqual(['a']);
});

test('a gateway that just began, and was not heard of yet, keeps its sessions', async () => {
  const { route, sent, held } = routerIn({ gateways: { a: 'answered' }, owner: 'a', begun: 'a' });
  await route();
  expect([sent, [...held]]).toEqual([['a'], []]);
});
