import { describe, expect, test } from 'vitest';
import { ServerConfigSchema } from './server-config.ts';

/** Where it is refused and what was expected; empty where it is taken. */
function problemsOf(server: object): string[] {
  return ServerConfigSchema.safeParse(server).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];
}

describe('[RP-05] placement', () => {
  test.each([
    { command: 'x', placement: 'one' },
    { type: 'template', template: 'memory', placement: 'one' },
    { type: 'template', template: 'memory', placement: 'one', isolation: 'shared' },
    { type: 'orchestrator', placement: 'one' },
    { type: 'orchestrator', placement: 'every' },
  ])('is one for what is a process, or has some: %j', (server) => {
    expect(problemsOf(server)).toEqual([]);
  });

  test.each([
    [{ url: 'https://x.example/mcp', placement: 'one' }, 'placement: expected none: only what runs as a process is placed'],
    [{ type: 'openapi', document: '/srv/api.json', placement: 'one' }, 'placement: expected none: a server of type openapi is the same in every gateway'],
    [{ type: 'workflows', placement: 'one' }, 'placement: expected none: a server of type workflows is the same in every gateway'],
    [{ type: 'orchestrator', placement: 'container' }, 'placement: expected every or one: only stdio servers run in containers'],
    [{ type: 'template', template: 'memory', placement: 'container' }, 'placement: expected every or one: only stdio servers run in containers'],
    [{ type: 'template', template: 'memory', placement: 'one', isolation: 'per-principal' }, 'isolation: expected shared: a server of which there is one process is shared by all'],
    [{ command: 'x', placement: 'one', isolation: 'per-principal' }, 'isolation: expected shared: a server of which there is one process is shared by all'],
  ])('is refused where it would mean nothing: %j', (server, problem) => {
    expect(problemsOf(server)).toEqual([problem]);
  });
});
