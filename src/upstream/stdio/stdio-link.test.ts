import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { Fault } from '../../base/fault.ts';
import type { ServerSpec } from '../../model/server.ts';
import { isRunning } from '../../../test/fixtures/hostile-stdio/processes.ts';
import { JumpingClock, Recorder } from '../../../test/fixtures/hostile-stdio/recorder.ts';
import type { Step } from '../../../test/fixtures/hostile-stdio/script.ts';
import { hostileSpec } from '../../../test/fixtures/hostile-stdio/spec.ts';
import type { Link } from '../link.ts';
import { OrphanWatcher } from './orphan-watcher.ts';
import { openStdioLink, type StdioDeps } from './stdio-link.ts';

const problems: string[] = [];
const watcher = new OrphanWatcher({ clock: systemClock, platform: process.platform, onProblem: (detail) => problems.push(detail) });
const links: Link[] = [];
const environment = { PATH: process.env['PATH'] };

async function open(steps: readonly Step[], changes: Partial<ServerSpec> = {}, deps: Partial<StdioDeps> = {}): Promise<{ link: Link; recorder: Recorder }> {
  const recorder = new Recorder();
  const link = await openStdioLink(hostileSpec(steps, changes), (text) => text, { clock: systemClock, environment, watcher, ...deps }, recorder);
  links.push(link);
  return { link, recorder };
}

function request(id: number, params: object = {}): { text: string; id: number; method: string } {
  return { text: JSON.stringify({ jsonrpc: '2.0', id, method: 'echo', params }), id, method: 'echo' };
}

const answer = (id: number): string => `{"jsonrpc":"2.0","id":${id},"result":{}}\n`;

afterEach(async () => {
  await Promise.all(links.splice(0).map((link) => link.close()));
});

afterAll(async () => {
  await watcher.close();
  expect(problems).toEqual([]);
});

describe('messages', () => {
  test('go out and come back, in order, many in one tick', async () => {
    const { link, recorder } = await open([{ do: 'serve' }]);
    for (let id = 0; id < 1000; id += 1) link.send(request(id, { number: id }));
    await recorder.until(() => recorder.messages.length === 1000);
    expect(recorder.messages.map(({ id }) => id)).toEqual(Array.from({ length: 1000 }, (_, id) => id));
    expect(recorder.messages[7]?.body?.text).toBe('{"number":7}');
    expect(recorder.drops).toEqual([]);
  });

  test('[ST-15] noise around answers is dropped and counted, and the answers arrive (F-04)', async () => {
    const noise = ['Server ready\n', '\u001b[32mok\u001b[0m\r\n', '42\n', 'null\n', '[]\n', '{"jsonrpc":"2.0","id":1.5,"result":{}}\n'];
    const { recorder } = await open([...noise.map((text): Step => ({ do: 'print', text })), { do: 'printBytes', base64: '//79Cg==' }, { do: 'print', text: answer(1).replace('\n', '\r\n') }, { do: 'hang' }]);
    await recorder.until(() => recorder.messages.length === 1);
    expect(recorder.messages[0]).toMatchObject({ kind: 'result', id: 1 });
    expect(recorder.drops.map(({ reason }) => reason)).toEqual([...Array.from({ length: 5 }, () => 'invalid_line'), 'invalid_message', 'invalid_line']);
    expect(recorder.failures).toEqual([]);
    expect(recorder.faults).toEqual([]);
  });

  test('an answer that is no JSON-RPC fails its own request only', async () => {
    const { recorder } = await open([{ do: 'print', text: `{"jsonrpc":"2.0","id":5,"result":{},"error":{}}\n${answer(6)}` }, { do: 'hang' }]);
    await recorder.until(() => recorder.messages.length === 1);
    expect(recorder.failures).toMatchObject([{ id: 5, fault: { code: 'upstream.protocol_error', server: 'hostile' } }]);
    expect(recorder.faults).toEqual([]);
  });

  test('with a raw line end are refused before a byte is sent', async () => {
    const { link, recorder } = await open([{ do: 'serve' }]);
    expect(() => link.send({ text: '{"jsonrpc":"2.0",\n"id":1}', method: 'x' })).toThrow(expect.objectContaining({ code: 'gateway.bug', effect: 'not_executed' }));
    link.send(request(2));
    await recorder.until(() => recorder.messages.length === 1);
    expect(recorder.messages[0]?.id).toBe(2);
  });
});

describe('the end of a server', () => {
  test('with a half-written line gives no part of it, and says how it ended (F-06)', async () => {
    const { recorder } = await open([{ do: 'complain', text: 'cannot open database\n' }, { do: 'print', text: '{"jsonrpc":"2.0","id":1,"res' }, { do: 'exit', code: 3 }]);
    const fault = await recorder.untilClosed();
    expect(fault).toMatchObject({ code: 'upstream.closed', effect: 'unknown', server: 'hostile' });
    expect(fault.detail).toMatch(/^process \d+: it exited with code 3; last lines of its stderr:\ncannot open database$/);
    expect(recorder.messages).toEqual([]);
  });

  test('by SIGKILL is told within a second (F-01), once, also when closed afterwards', async () => {
    const { link, recorder } = await open([{ do: 'print', text: answer(1) }, { do: 'hang' }]);
    await recorder.until(() => recorder.messages.length === 1);
    const killedMs = systemClock.monotonicMs();
    process.kill(link.pid ?? 0, 'SIGKILL');
    const fault = await recorder.untilClosed();
    expect(systemClock.monotonicMs() - killedMs).toBeLessThan(1000);
    expect(fault.detail).toContain('it was ended by SIGKILL');
    await link.close();
    expect(recorder.faults).toHaveLength(1);
    expect(() => link.send(request(2))).toThrow(expect.objectContaining({ code: 'upstream.closed', effect: 'not_executed' }));
  });

  test('comes after what it wrote last', async () => {
    const { recorder } = await open([{ do: 'print', text: answer(1) }, { do: 'exit', code: 0 }]);
    await recorder.untilClosed();
    expect(recorder.messages.map(({ id }) => id)).toEqual([1]);
  });

  test('closing its stdin ends the link instead of the gateway', async () => {
    const { link, recorder } = await open([{ do: 'closeStdin' }, { do: 'print', text: answer(1) }, { do: 'hang' }]);
    await recorder.until(() => recorder.messages.length === 1);
    link.send(request(2));
    expect(await recorder.untilClosed()).toMatchObject({ code: 'upstream.closed', detail: expect.stringContaining('it closed its stdin') });
  });

  test('closing its stdout ends the link', async () => {
    const { recorder } = await open([{ do: 'closeStdout' }, { do: 'hang' }]);
    expect(await recorder.untilClosed()).toMatchObject({ code: 'upstream.closed', detail: expect.stringContaining('it closed its stdout') });
  });

  test('a line that stays unfinished for 30 s ends the link as a protocol error (F-07)', async () => {
    const clock = new JumpingClock();
    const complained = Promise.withResolvers<string>();
    const steps: Step[] = [{ do: 'print', text: '{"jsonrpc":"2.0","id":1,"res' }, { do: 'complain', text: 'half a line is out\n' }, { do: 'hang' }];
    const { recorder } = await open(steps, {}, { clock, onStderr: complained.resolve });
    await complained.promise;
    clock.jump(29_000);
    expect(recorder.faults).toEqual([]);
    clock.jump(2000);
    expect(await recorder.untilClosed()).toMatchObject({ code: 'upstream.protocol_error' });
  });
});

describe('bounds', () => {
  test('[ST-15] a flood without a line end is ended at the line bound without being held (F-09)', async () => {
    const beforeBytes = process.memoryUsage.rss();
    const { link, recorder } = await open([{ do: 'flood', to: 'stdout', bytes: 1e9 }, { do: 'hang' }]);
    expect(await recorder.untilClosed()).toMatchObject({ code: 'upstream.closed', detail: expect.stringContaining('a line above 10485760 bytes') });
    expect(recorder.drops.map(({ reason }) => reason)).toEqual(['too_large']);
    expect(process.memoryUsage.rss() - beforeBytes).toBeLessThan(60 * 1024 * 1024);
    await link.close();
    expect(isRunning(link.pid ?? 0)).toBe(false);
  });

  test.each([
    ['first', '{"jsonrpc":"2.0","id":7,"result":{"text":"', '"}}\n'],
    ['last', '{"result":{"text":"', '"},"jsonrpc":"2.0","id":7}\n'],
  ])('an answer of 100 MB fails its call, and the server lives on: id %s (F-10)', async (_place, head, end) => {
    const { recorder } = await open([{ do: 'flood', to: 'stdout', head, bytes: 1e8, tail: end + answer(8) }, { do: 'hang' }]);
    await recorder.until(() => recorder.messages.length === 1);
    expect(recorder.failures).toMatchObject([{ id: 7, fault: { code: 'upstream.too_large', effect: 'executed' } }]);
    expect(recorder.messages[0]?.id).toBe(8);
    expect(recorder.faults).toEqual([]);
  });

  test('an answer that never ends is given up', async () => {
    const { recorder } = await open([{ do: 'flood', to: 'stdout', head: '{"result":{"text":"', bytes: 1e8 }, { do: 'hang' }], { resultBytesMax: 1024 * 1024 });
    expect(await recorder.untilClosed()).toMatchObject({ code: 'upstream.closed', detail: expect.stringContaining('an answer without end') });
    expect(recorder.failures).toEqual([]);
  });

  test('a server that does not read costs at most 8 MiB', async () => {
    const { link, recorder } = await open([{ do: 'print', text: answer(1) }, { do: 'hang' }]);
    await recorder.until(() => recorder.messages.length === 1);
    const message = request(2, { text: 'x'.repeat(1024 * 1024) });
    let sent = 0;
    const sendAll = (): void => {
      for (; sent < 100; sent += 1) link.send(message);
    };
    expect(sendAll).toThrow(expect.objectContaining({ code: 'limit.overloaded', effect: 'not_executed' }));
    expect(sent).toBe(7);
  });

  test('a gigabyte on stderr neither blocks the server nor grows the gateway (F-08)', async () => {
    const beforeBytes = process.memoryUsage.rss();
    const beforeCpu = process.cpuUsage();
    const { link, recorder } = await open([{ do: 'flood', to: 'stderr', bytes: 1024 ** 3, tail: '\nthe end\n' }, { do: 'print', text: answer(1) }, { do: 'hang' }]);
    await recorder.until(() => recorder.messages.length === 1);
    const cpu = process.cpuUsage(beforeCpu);
    expect(link.stderrTail()).toHaveLength(64 * 1024);
    expect(link.stderrTail().endsWith('A\nthe end\n')).toBe(true);
    expect((cpu.user + cpu.system) / 1e6).toBeLessThan(5);
    expect(process.memoryUsage.rss() - beforeBytes).toBeLessThan(200 * 1024 * 1024);
  });
});

describe('starting', () => {
  test('[ST-05] gives a server its configured environment and none of the gateway\'s', async () => {
    const values = (text: string): string => text.replace('${DB_PASSWORD}', 'hunter22');
    const recorder = new Recorder();
    const lines: string[] = [];
    const spec = hostileSpec([{ do: 'complain', text: 'login with hunter22 failed\n' }, { do: 'tellEnvironment' }, { do: 'exit', code: 1 }], { env: { DB: 'x:${DB_PASSWORD}' } });
    const link = await openStdioLink(spec, values, { clock: systemClock, environment: { ...environment, METAMCP_KEY: 'sealing', AWS_SECRET_ACCESS_KEY: 'aws' }, watcher, onStderr: (line) => lines.push(line) }, recorder);
    links.push(link);
    const seen = await recorder.untilTold('notifications/environment');
    expect(seen).toEqual({ PATH: environment.PATH, DB: 'x:hunter22' });
    const fault = await recorder.untilClosed();
    expect(lines).toEqual(['login with [redacted] failed']);
    expect(fault.detail).toContain('login with [redacted] failed');
    expect(link.stderrTail()).not.toContain('hunter22');
  });

  test('[ST-03] passes arguments as they are, without a shell', async () => {
    const odd = '"; echo $HOME `id` && | > * \u00e9';
    const { recorder } = await open([{ do: 'print', text: `${JSON.stringify({ jsonrpc: '2.0', id: 1, result: { odd } })}\n` }, { do: 'hang' }]);
    await recorder.until(() => recorder.messages.length === 1);
    expect(recorder.messages[0]?.body?.value).toEqual({ odd });
  });

  test.each<[string, Partial<ServerSpec>, string]>([
    ['a command that is nowhere', { command: 'no-such-command-here' }, 'command not found: no-such-command-here — install it or give an absolute path'],
    ['a path that is nothing', { command: '/nowhere/server' }, 'not an executable file: /nowhere/server — check the path and its permissions'],
    ['a file that is no program', { command: import.meta.filename }, `not an executable file: ${import.meta.filename} — check the path and its permissions`],
    ['a working folder that is not there', { cwd: '/nowhere' }, 'working folder not found: /nowhere'],
    ['an argument that no process can have', { args: ['secret\u0000'] }, `cannot start ${process.execPath}: ERR_INVALID_ARG_VALUE`],
  ])('refuses %s with what to do about it', async (_what, changes, detail) => {
    await expect(open([], changes)).rejects.toMatchObject({ code: 'upstream.unavailable', effect: 'not_executed', server: 'hostile', detail });
  });

  test('refuses a placeholder without a value', async () => {
    const missing = (): string => {
      throw new Fault('config.value_missing');
    };
    await expect(openStdioLink(hostileSpec([]), missing, { clock: systemClock, environment, watcher }, new Recorder())).rejects.toMatchObject({ code: 'config.value_missing' });
  });
});
