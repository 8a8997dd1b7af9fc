import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

/** The command line as a process, with a gateway that only answers `initialize` and says its pid. */
const PROGRAM = `
  import { createServer } from 'node:http';
  import { once } from 'node:events';
  import { rmSync, writeFileSync } from 'node:fs';
  import { join } from 'node:path';
  import { createProcessHost } from ${JSON.stringify(new URL('../process-host.ts', import.meta.url).href)};
  import { systemClock } from ${JSON.stringify(new URL('../../base/clock.ts', import.meta.url).href)};
  import { runCli } from ${JSON.stringify(new URL('../run.ts', import.meta.url).href)};

  const serve = async (args, stopping) => {
    const data = args[args.indexOf('--data') + 1];
    if (process.env.SERVE_FAILS) { console.error('the port is taken'); return 1; }
    const server = createServer(async (request, response) => {
      if (request.url === '/api/v1/endpoints') return response.end(JSON.stringify({ items: [{ name: 'only' }] }));
      let body = '';
      for await (const piece of request) body += piece;
      if (request.url !== '/metamcp/only/mcp' || request.headers.authorization !== 'Bearer secret') return response.writeHead(401).end();
      const { id } = JSON.parse(body);
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ jsonrpc: '2.0', id, result: { pid: process.pid, args } }));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    console.log('a banner that must not reach the client');
    writeFileSync(join(data, 'gateway.json'), JSON.stringify({ url: 'http://127.0.0.1:' + server.address().port, pid: process.pid, token: 'secret' }));
    if (!stopping.aborted) await once(stopping, 'abort');
    server.closeAllConnections();
    server.close();
    rmSync(join(data, 'gateway.json'), { force: true });
    return 0;
  };
  const host = createProcessHost({ env: process.env, clock: systemClock, version: '0', selfCommand: [process.execPath, process.argv[1]], serve, checkConfigFile: async () => [] }, process);
  process.exitCode = await runCli(process.argv.slice(2), host);
`;

let folder: string;
let program: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'metamcp-background-'));
  program = join(folder, 'program.ts');
  await writeFile(program, PROGRAM);
});
afterEach(() => rm(folder, { recursive: true }));

test('without a gateway, one is started on a free port, its first endpoint is used, and it ends with the bridge', async () => {
  const bridge = start();
  const answer = await ask(bridge);
  expect(answer.result.args).toEqual(['--port', '0', '--data', folder]);
  expect(isAlive(answer.result.pid)).toBe(true);
  bridge.stdin?.end();
  const [code] = await once(bridge, 'exit');
  expect(code).toBe(0);
  expect(isAlive(answer.result.pid)).toBe(false);
});

test('a gateway that was started ends even when the bridge is killed', async () => {
  const bridge = start();
  const { result } = await ask(bridge);
  bridge.kill('SIGKILL');
  await once(bridge, 'exit');
  for (let attempt = 0; attempt < 200 && isAlive(result.pid); attempt++) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(isAlive(result.pid)).toBe(false);
});

test('a second bridge joins the gateway of the first, and starts its own when that one is gone', async () => {
  const first = start();
  const { result: started } = await ask(first);
  const second = start();
  expect((await ask(second)).result.pid).toBe(started.pid);
  first.stdin?.end();
  await once(first, 'exit');
  const { result: anew } = await ask(second);
  expect(anew.pid).not.toBe(started.pid);
  second.stdin?.end();
  await once(second, 'exit');
  await expect(readFile(join(folder, 'gateway.json'))).rejects.toThrow(/ENOENT/);
});

test('when the gateway does not start, each request is answered with the reason and the exit code is 1', async () => {
  const bridge = start({ SERVE_FAILS: '1' });
  const answer = (await ask(bridge)) as unknown as { error: { code: number; message: string } };
  expect(answer.error.code).toBe(-31001);
  expect(answer.error.message).toContain(`Run it by hand to see why: metamcp serve --data ${folder}`);
  bridge.stdin?.end();
  const [code] = await once(bridge, 'exit');
  expect(code).toBe(1);
});

function start(env: Readonly<Record<string, string>> = {}): ChildProcess {
  return spawn(process.execPath, [program, 'stdio', '--data', folder], { stdio: ['pipe', 'pipe', 'ignore'], env: { ...process.env, ...env } });
}

/** One request; the answer is all that stdout holds. */
async function ask(bridge: ChildProcess): Promise<{ result: { pid: number; args: string[] } }> {
  const answered = once(bridge.stdout as NodeJS.ReadableStream, 'data');
  bridge.stdin?.write('{"jsonrpc":"2.0","id":1,"method":"ping"}\n');
  const [line] = (await answered) as [Buffer];
  return JSON.parse(line.toString()) as { result: { pid: number; args: string[] } };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
