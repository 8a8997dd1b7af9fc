import { describe, expect, test } from 'vitest';
import { plainNamespace } from '../../test/support/plain-exchange.ts';
import type { JsonObject } from '../protocol/messages.ts';
import type { ServerProfile } from '../upstream/upstream.ts';
import { mergedCapabilities, mergedInstructions } from './profile.ts';

const TASKS = 'io.modelcontextprotocol/tasks';

function profile(capabilities: JsonObject, family: 'legacy' | 'modern' = 'legacy', instructions?: string): ServerProfile {
  return { family, revision: family === 'legacy' ? '2025-11-25' : '2026-07-28', capabilities, serverInfo: { name: 'liar' }, instructions };
}

describe('capabilities', () => {
  test('of lists are there without any server, since servers come and go', () => {
    expect(mergedCapabilities([], 'legacy', true)).toEqual({
      tools: { listChanged: true },
      prompts: { listChanged: true },
      resources: { subscribe: true, listChanged: true },
      completions: {},
      logging: {},
    });
  });

  test('of tasks are those that some server with sessions has, for clients whose revision has them', () => {
    const servers = [
      profile({ tasks: { list: {}, requests: { tools: { call: {} } } } }),
      profile({ tasks: { cancel: {}, requests: { sampling: {} } } }),
      profile({ tasks: { list: 'no' } }, 'modern'),
    ];
    expect(mergedCapabilities(servers, 'legacy', true)['tasks']).toEqual({ list: {}, cancel: {}, requests: { tools: { call: {} }, sampling: {} } });
    expect(mergedCapabilities(servers, 'legacy', false)).not.toHaveProperty('tasks');
  });

  test('of extensions are merged; the extension of tasks is told by modern servers to modern clients alone', () => {
    const servers = [profile({ extensions: { a: { v: 1 }, [TASKS]: {} } }), profile({ extensions: { b: {}, [TASKS]: {} } }, 'modern')];
    expect(mergedCapabilities(servers, 'legacy', false)['extensions']).toEqual({ a: { v: 1 }, b: {} });
    expect(mergedCapabilities(servers, 'modern', false)['extensions']).toEqual({ a: { v: 1 }, b: {}, [TASKS]: {} });
    expect(mergedCapabilities(servers.slice(0, 1), 'modern', false)['extensions']).toEqual({ a: { v: 1 } });
  });

  test('[RL-04] that name a prototype change none', () => {
    const hostile = JSON.parse('{"extensions":{"__proto__":{"isAdmin":true}}}') as JsonObject;
    const merged = mergedCapabilities([profile(hostile)], 'modern', false);
    expect(merged).not.toHaveProperty('extensions');
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
  });
});

describe('instructions', () => {
  const members = [
    { server: 'a', as: 'one' },
    { server: 'b', as: 'two' },
    { server: 'c', as: 'three' },
  ];

  test('are those of the namespace, then of each server under the name that it has here, never its own', () => {
    const of = (server: string): ServerProfile | undefined => (server === 'b' ? undefined : profile({}, 'legacy', server === 'a' ? 'Use a.' : ''));
    expect(mergedInstructions(plainNamespace({ description: 'All of it.', members }), of)).toBe('All of it.\n\n## Server "one"\n\nUse a.');
  });

  test('are absent where nobody says anything', () => {
    expect(mergedInstructions(plainNamespace({ members }), () => undefined)).toBeUndefined();
  });

  test('are cut at 20,000 characters, and say by how many', () => {
    const text = mergedInstructions(plainNamespace({ description: 'x'.repeat(20_000), members: [] }), () => undefined);
    expect(text).toBe('x'.repeat(20_000));
    const cut = mergedInstructions(plainNamespace({ description: 'x'.repeat(20_001), members: [] }), () => undefined);
    expect(cut).toBe(`${'x'.repeat(20_000)}\n\n[cut: 1 more characters]`);
  });
});
