import { fileURLToPath } from 'node:url';
import { Client as ModernClient } from '@modelcontextprotocol/client';
import { StdioClientTransport as ModernTransport } from '@modelcontextprotocol/client/stdio';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { expect, test } from 'vitest';

const start = { command: process.execPath, args: [fileURLToPath(new URL('./server.ts', import.meta.url))] };
const info = { name: 'test', version: '1' };

test('the older SDK client lists, calls, reads, prompts and completes', async () => {
  const client = new LegacyClient(info);
  await client.connect(new LegacyTransport(start));
  try {
    const { tools } = await client.listTools();
    expect(tools.map((tool) => tool.name)).toEqual(['echo', 'add', 'time', 'progress']);
    expect((await client.callTool({ name: 'echo', arguments: { message: 'ping' } })).content).toEqual([{ type: 'text', text: 'ping' }]);
    expect((await client.callTool({ name: 'time', arguments: { timezone: 'Asia/Tokyo' } })).structuredContent).toMatchObject({ timezone: 'Asia/Tokyo' });
    expect((await client.readResource({ uri: 'sample://greeting/Ada%20L' })).contents[0]).toMatchObject({ text: 'Hello, Ada L!' });
    expect((await client.listResourceTemplates()).resourceTemplates[0]?.uriTemplate).toBe('sample://greeting/{name}');
    expect((await client.getPrompt({ name: 'explain', arguments: { topic: 'endpoint' } })).messages).toHaveLength(1);
    const completed = await client.complete({ ref: { type: 'ref/prompt', name: 'explain' }, argument: { name: 'topic', value: 'ke' } });
    expect(completed.completion.values).toEqual(['key']);
  } finally {
    await client.close();
  }
});

test('the newer SDK client discovers 2026-07-28 and calls a tool with structured content', async () => {
  const client = new ModernClient(info, { versionNegotiation: { mode: 'auto' } });
  await client.connect(new ModernTransport(start));
  try {
    expect(client.getNegotiatedProtocolVersion()).toBe('2026-07-28');
    expect((await client.listTools()).tools).toHaveLength(4);
    const progress: number[] = [];
    const counted = await client.callTool(
      { name: 'progress', arguments: { steps: 3, intervalMs: 0 } },
      { onprogress: (notice) => progress.push(notice.progress) },
    );
    expect(counted.content).toEqual([{ type: 'text', text: 'Counted to 3.' }]);
    expect(progress[0]).toBe(1);
    expect((await client.callTool({ name: 'time', arguments: {} })).structuredContent).toMatchObject({ timezone: 'UTC' });
  } finally {
    await client.close();
  }
});
