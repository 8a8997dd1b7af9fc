/** What clients cost who do nothing: sessions of 2025-11-25, and listen streams of 2026-07-28. */
import { connect, type Socket } from 'node:net';
import { Agent } from 'undici';
import { openSession } from '../test/support/http-peer.ts';
import { inLanes, type Measured, type MeasuredGateway, settledBytes, startMeasured, statusBytes } from './capacity-gateway.ts';
import { startEcho } from './capacity-upstreams.ts';

const SESSIONS = 2_000;
const STREAMS = 5_000;
/** What is made once, such as compiled code, is made by these. */
const WARM_UP = 300;
const LANES = 32;
const SESSION_BYTES_MAX = 20_000;
const STREAM_BYTES_MAX = 40_000;
const TOTAL_BYTES_MAX = 512_000_000;

export async function measureIdle(): Promise<readonly Measured[]> {
  const echo = await startEcho();
  const gateway = await startMeasured({ echo: { url: echo.url } });
  const streams: Socket[] = [];
  try {
    await openSessions(gateway, WARM_UP);
    await openStreams(gateway, WARM_UP, streams);
    const before = await settledBytes(gateway.pid);
    await openSessions(gateway, SESSIONS);
    const withSessions = await settledBytes(gateway.pid);
    await openStreams(gateway, STREAMS, streams);
    const total = statusBytes(gateway.pid, 'VmHWM');
    const withStreams = await settledBytes(gateway.pid);
    const lost = streams.filter((socket) => socket.destroyed).length;
    const perSession = (withSessions - before) / SESSIONS;
    const perStream = (withStreams - withSessions) / STREAMS;
    return [
      { name: 'idle session', found: kilobytes(perSession), bound: `at most ${kilobytes(SESSION_BYTES_MAX)}`, isGood: perSession <= SESSION_BYTES_MAX },
      { name: 'idle listen stream', found: kilobytes(perStream), bound: `at most ${kilobytes(STREAM_BYTES_MAX)}`, isGood: perStream <= STREAM_BYTES_MAX },
      { name: `${STREAMS} streams and ${SESSIONS} sessions, peak`, found: megabytes(total), bound: `below ${megabytes(TOTAL_BYTES_MAX)}`, isGood: total < TOTAL_BYTES_MAX },
      { name: 'the same once garbage is gone', found: megabytes(withStreams), bound: `below ${megabytes(TOTAL_BYTES_MAX)}`, isGood: withStreams < TOTAL_BYTES_MAX },
      { name: 'streams that ended by themselves', found: String(lost), bound: 'none', isGood: lost === 0 },
    ];
  } finally {
    for (const socket of streams) socket.destroy();
    await gateway.stop();
    await echo.stop();
  }
}

async function openSessions(gateway: MeasuredGateway, count: number): Promise<void> {
  const agent = new Agent({ connections: LANES, pipelining: 1 });
  await inLanes(count, LANES, async () => void (await openSession({ url: gateway.mcp('echo'), key: gateway.key, agent })));
  await agent.destroy();
}

function openStreams(gateway: MeasuredGateway, count: number, streams: Socket[]): Promise<void> {
  return inLanes(count, LANES, async () => void streams.push(await openStream(gateway)));
}

/** Resolves with the connection once the stream has said its first event. */
function openStream({ mcp, key }: MeasuredGateway): Promise<Socket> {
  const url = new URL(mcp('echo'));
  const meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {}, 'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1' } };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 'listen', method: 'subscriptions/listen', params: { notifications: { toolsListChanged: true }, _meta: meta } });
  const lines = [`POST ${url.pathname} HTTP/1.1`, `host: ${url.host}`, `authorization: Bearer ${key}`, 'content-type: application/json', 'accept: application/json, text/event-stream', 'mcp-protocol-version: 2026-07-28', 'mcp-method: subscriptions/listen', `content-length: ${Buffer.byteLength(body)}`];
  return new Promise((resolve, reject) => {
    const socket = connect({ host: url.hostname, port: Number(url.port) });
    let heard = '';
    socket.once('error', reject);
    socket.on('data', (chunk) => {
      if (heard.includes('data:')) return;
      heard += chunk.toString('latin1');
      if (!heard.startsWith('HTTP/1.1 200')) reject(new Error(`no stream: ${heard.slice(0, 500)}`));
      else if (heard.includes('data:')) resolve(socket);
    });
    socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
  });
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1_000).toFixed(1)} kB`;
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
