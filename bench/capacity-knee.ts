/**
 * How much the gateway takes, and what becomes of twice as much. Requests come at a fixed rate, whether the ones before were
 * answered or not. An answer is good where it is right and comes within a second; the knee is the highest rate of which
 * nearly all answers are good.
 */
import { HttpConnection } from './http-connection.ts';
import { type Measured, type MeasuredGateway, startMeasured } from './capacity-gateway.ts';
import { startEcho } from './capacity-upstreams.ts';
import { runLoad } from './load.ts';
import { systemClock } from '../src/base/clock.ts';

const GOOD_MS = 1_000;
const GOOD_SHARE = 0.99;
const CONNECTIONS_MAX = 4_000;
const WARM_UP_MS = 6_000;
const STEP_MS = 3_000;
const OVERLOAD_MS = 6_000;
/** Of what 32 clients get that wait for each answer. */
const STEPS = [0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1] as const;
const GOODPUT_SHARE_MIN = 0.8;

export async function measureKnee(): Promise<readonly Measured[]> {
  const echo = await startEcho();
  const gateway = await startMeasured({ echo: { url: echo.url } });
  try {
    const { callsPerSecond } = await runLoad({ family: 'modern', method: 'tools/call', connections: 32 }, { url: gateway.mcp('echo'), tool: 'echo__echo', key: gateway.key, pid: gateway.pid }, WARM_UP_MS);
    let knee = { rate: 0, goodPerSecond: 0 };
    for (const share of STEPS) {
      const rate = share * callsPerSecond;
      const { goodPerSecond } = await offer(gateway, rate, STEP_MS);
      if (goodPerSecond < GOOD_SHARE * rate) break;
      knee = { rate, goodPerSecond };
    }
    const beyond = await offer(gateway, 2 * knee.rate, OVERLOAD_MS);
    const share = beyond.goodPerSecond / knee.goodPerSecond;
    return [
      { name: 'knee', found: `${knee.goodPerSecond.toFixed(0)}/s (32 waiting clients: ${callsPerSecond.toFixed(0)}/s)`, bound: 'there is one', isGood: knee.rate > 0 },
      { name: 'good answers at twice the knee, of the knee', found: `${share.toFixed(2)} (${beyond.goodPerSecond.toFixed(0)}/s good, ${beyond.refusedPerSecond.toFixed(0)}/s refused with 503, ${beyond.latePerSecond.toFixed(0)}/s late, ${beyond.unsentPerSecond.toFixed(0)}/s not sent for want of connections)`, bound: `at least ${GOODPUT_SHARE_MIN}`, isGood: share >= GOODPUT_SHARE_MIN },
    ];
  } finally {
    await gateway.stop();
    await echo.stop();
  }
}

interface Offered {
  readonly goodPerSecond: number;
  readonly refusedPerSecond: number;
  readonly latePerSecond: number;
  readonly unsentPerSecond: number;
}

/** So many requests a second for so long, each on a free connection, a new one where there is none. */
async function offer({ mcp, key }: MeasuredGateway, rate: number, forMs: number): Promise<Offered> {
  const url = new URL(mcp('echo'));
  const counts = { good: 0, refused: 0, late: 0, unsent: 0 };
  const free: HttpConnection[] = [];
  const all: HttpConnection[] = [];
  let request: Buffer | undefined;
  const take = (): HttpConnection | undefined => {
    const taken = free.pop();
    if (taken !== undefined || all.length >= CONNECTIONS_MAX) return taken;
    const opened = new HttpConnection(url, () => undefined);
    all.push(opened);
    return opened;
  };
  const startMs = systemClock.monotonicMs();
  await new Promise<void>((resolve) => {
    let sent = 0;
    const tick = (): void => {
      const nowMs = systemClock.monotonicMs();
      if (nowMs - startMs >= forMs) return resolve();
      for (const due = ((nowMs - startMs) * rate) / 1_000; sent < due; sent++) {
        const dueMs = startMs + (sent * 1_000) / rate;
        const connection = take();
        if (connection === undefined) {
          counts.unsent++;
          continue;
        }
        request ??= requestOf(connection, key);
        connection.exchange(request, ({ status, body }) => {
          free.push(connection);
          if (status === 503) counts.refused++;
          else if (status !== 200 || !body.includes('"result"') || systemClock.monotonicMs() - dueMs > GOOD_MS) counts.late++;
          else counts.good++;
        });
      }
      setImmediate(tick);
    };
    tick();
  });
  for (const connection of all) connection.close();
  const perSecond = (count: number): number => (count * 1_000) / forMs;
  return { goodPerSecond: perSecond(counts.good), refusedPerSecond: perSecond(counts.refused), latePerSecond: perSecond(counts.late), unsentPerSecond: perSecond(counts.unsent) };
}

function requestOf(connection: HttpConnection, key: string): Buffer {
  const meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo__echo', arguments: { message: 'knee' }, _meta: meta } });
  return connection.request('POST', `content-type: application/json\r\naccept: application/json, text/event-stream\r\nauthorization: Bearer ${key}\r\nmcp-protocol-version: 2026-07-28\r\nmcp-method: tools/call\r\nmcp-name: echo__echo\r\n`, body);
}
