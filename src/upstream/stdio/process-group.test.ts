import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, expect, test } from 'vitest';
import { becomesTrue, isRunning, ownChildren } from '../../../test/fixtures/hostile-stdio/processes.ts';
import { MovableClock } from '../../../test/support/movable-clock.ts';
import { systemClock } from '../../base/clock.ts';
import { JumpingClock, Recorder } from '../../../test/fixtures/hostile-stdio/recorder.ts';
import type { Step } from '../../../test/fixtures/hostile-stdio/script.ts';
import { hostileSpec } from '../../../test/fixtures/hostile-stdio/spec.ts';
import type { Link } from '../link.ts';
import { OrphanWatcher } from './orphan-watcher.ts';
import { openStdioLink } from './stdio-link.ts';

const GATEWAY = path.join(import.meta.dirname, '../../../test/fixtures/hostile-stdio/gateway.ts');
const problems: string[] = [];
const watcher = new OrphanWatcher({ clock: systemClock, platform: process.platform, onProblem: (detail) => problems.push(detail) });
const environment = { PATH: process.env['PATH'] };

async function open(steps: readonly Step[]): Promise<{ link: Link; recorder: Recorder }> {
  const recorder = new Recorder();
  return { link: await openStdioLink(hostileSpec(steps), (text) => text, { clock: systemClock, environment, watcher }, recorder), recorder };
}

const fork = (escapesGroup: boolean, ignoresSigterm: boolean): Step => ({ do: 'fork', escapesGroup, ignoresSigterm });

afterAll(async () => {
  await watcher.close();
  expect(problems).toEqual([]);
});

test('[ST-10] a server that ends when its stdin closes is given the time to', async () => {
  const { link, recorder } = await open([{ do: 'print', text: '{"jsonrpc":"2.0","id":1,"result":{}}\n' }, { do: 'serve' }]);
  await recorder.until(() => recorder.messages.length === 1);
  const startMs = systemClock.monotonicMs();
  await link.close();
  expect(systemClock.monotonicMs() - startMs).toBeLessThan(1000);
  expect(isRunning(link.pid ?? 0)).toBe(false);
  expect(recorder.faults).toMatchObject([{ code: 'upstream.closed', detail: expect.stringContaining('the gateway closed it') }]);
});

test('[ST-10] a server that ignores SIGTERM, and its children in and out of the group, are gone within 5 s (F-33)', async () => {
  const { link, recorder } = await open([{ do: 'ignoreSigterm' }, fork(false, true), fork(true, true), { do: 'hang' }]);
  await recorder.until(() => recorder.messages.length === 2);
  const pids = [link.pid ?? 0, ...recorder.messages.map(({ body }) => Number(body?.value['pid']))];
  expect(pids.map(isRunning)).toEqual([true, true, true]);
  const startMs = systemClock.monotonicMs();
  await Promise.all([link.close(), link.close()]);
  expect(pids.map(isRunning)).toEqual([false, false, false]);
  expect(systemClock.monotonicMs() - startMs).toBeLessThan(5000);
  expect(recorder.faults).toHaveLength(1);
});

test('[ST-10] a server that exits and leaves a child behind takes it along, also one that holds its stdout', async () => {
  const { link, recorder } = await open([{ do: 'fork', escapesGroup: false, ignoresSigterm: false, holdsStdout: true }, { do: 'exit', code: 0 }]);
  const { pid } = await recorder.untilTold('notifications/forked');
  await recorder.untilClosed();
  await link.close();
  expect(isRunning(Number(pid))).toBe(false);
});

test('[ST-10] a gateway with nothing else to do stays until its servers are gone', async () => {
  const gateway = spawn(process.execPath, [path.join(path.dirname(GATEWAY), 'closing-gateway.ts')], { stdio: ['ignore', 'pipe', 'inherit'] });
  const said: string[] = [];
  createInterface({ input: gateway.stdout }).on('line', (line) => said.push(line));
  await once(gateway, 'close');
  const { pids } = JSON.parse(said[0] ?? '{"pids":[]}') as { pids: number[] };
  expect(pids).toHaveLength(2);
  expect(pids.some(isRunning)).toBe(false);
  expect(gateway.exitCode).toBe(0);
});

test('[ST-10] after kill -9 of the gateway no server and no descendant of one is left within 5 s (F-14)', async () => {
  const scripts: Step[][] = [[], [{ do: 'ignoreSigterm' }], [fork(false, true), fork(true, false)], [fork(true, true)]];
  const gateway = spawn(process.execPath, [GATEWAY, JSON.stringify(scripts)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface({ input: gateway.stdout }), 'line')) as [string];
  const { pids, watcher: watcherPid } = JSON.parse(line) as { pids: number[]; watcher: number };
  expect(pids).toHaveLength(7);
  expect(pids.every(isRunning)).toBe(true);
  gateway.kill('SIGKILL');
  const gone = await becomesTrue(() => !pids.some(isRunning), 5000);
  for (const pid of pids.filter(isRunning)) process.kill(pid, 'SIGKILL');
  expect(gone).toMatchObject({ isSo: true });
  expect(await becomesTrue(() => !isRunning(watcherPid), 2000)).toMatchObject({ isSo: true });
});

test('[ST-10] a watcher that was killed is reported and started again, and knows the servers', async () => {
  const clock = new JumpingClock();
  const problems: string[] = [];
  const server = spawn('sleep', ['1000'], { detached: true });
  const mortal = new OrphanWatcher({ clock, platform: process.platform, onProblem: (detail) => problems.push(detail) });
  mortal.add(server.pid ?? 0);
  const first = mortal.pid ?? 0;
  clock.jump(1000);
  process.kill(first, 'SIGKILL');
  expect(await becomesTrue(() => mortal.pid !== undefined && mortal.pid !== first, 2000)).toMatchObject({ isSo: true });
  expect(problems).toEqual([expect.stringContaining('ended with SIGKILL')]);
  void mortal.close();
  await once(server, 'exit');
  expect(server.signalCode).toBe('SIGTERM');
});

test('[ST-10] a group that is no longer registered is left alone when the gateway ends', async () => {
  const [kept, ended] = [spawn('sleep', ['1000'], { detached: true }), spawn('sleep', ['1000'], { detached: true })];
  const own = new OrphanWatcher({ clock: systemClock, platform: process.platform, onProblem: () => undefined });
  for (const server of [kept, ended]) own.add(server.pid ?? 0);
  own.remove(kept.pid ?? 0);
  const watcherPid = own.pid ?? 0;
  const closed = own.close();
  await once(ended, 'exit');
  await closed;
  expect(isRunning(watcherPid)).toBe(false);
  expect(isRunning(kept.pid ?? 0)).toBe(true);
  kept.kill('SIGKILL');
  await once(kept, 'exit');
});

test('[ST-10] whoever closes the watcher waits until it is gone, however slow it is', async () => {
  const slow = new OrphanWatcher({ clock: systemClock, platform: process.platform, onProblem: () => undefined });
  const server = spawn('sleep', ['1000'], { detached: true });
  slow.add(server.pid ?? 0);
  slow.remove(server.pid ?? 0);
  server.kill('SIGKILL');
  const pid = slow.pid ?? 0;
  process.kill(pid, 'SIGSTOP');
  const closed = slow.close().then(() => isRunning(pid));
  expect(isRunning(pid)).toBe(true);
  process.kill(pid, 'SIGCONT');
  expect(await closed).toBe(false);
});

test('[ST-10] a watcher that is stuck does not keep whoever closes it for ever', async () => {
  const clock = new MovableClock();
  const stuck = new OrphanWatcher({ clock, platform: process.platform, onProblem: () => undefined });
  const server = spawn('sleep', ['1000'], { detached: true });
  stuck.add(server.pid ?? 0);
  const pid = stuck.pid ?? 0;
  process.kill(pid, 'SIGSTOP');
  const closed = stuck.close();
  await clock.move(5000);
  await closed;
  expect(isRunning(pid)).toBe(true);
  process.kill(pid, 'SIGCONT');
  await once(server, 'exit');
});

test('[ST-10] 200 servers opened and closed leave no process behind', async () => {
  const before = new Set(ownChildren());
  for (let round = 0; round < 20; round += 1) {
    const opened = await Promise.all(Array.from({ length: 10 }, () => openStdioLink({ ...hostileSpec([]), command: 'cat', args: [] }, (text) => text, { clock: systemClock, environment, watcher }, new Recorder())));
    await Promise.all(opened.map((link) => link.close()));
    expect(opened.some((link) => isRunning(link.pid ?? 0))).toBe(false);
  }
  expect(ownChildren().filter((pid) => !before.has(pid))).toEqual([]);
});
