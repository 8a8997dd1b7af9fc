/** What a result of 10 MB needs of memory beside what the gateway has. */
import { HttpConnection } from './http-connection.ts';
import { forgetPeak, type Measured, settledBytes, startMeasured, statusBytes } from './capacity-gateway.ts';
import { megabytes } from './capacity-idle.ts';
import { startEcho } from './capacity-upstreams.ts';

const RESULT_BYTES = 10_000_000;
const EXTRA_BYTES_MAX = 30_000_000;
const CALLS = 5;

export async function measureLarge(): Promise<readonly Measured[]> {
  const [small, large] = await Promise.all([startEcho(), startEcho({ resultBytes: RESULT_BYTES })]);
  const gateway = await startMeasured({ small: { url: small.url }, large: { url: large.url } });
  try {
    const call = (server: string): Promise<number> => resultBytes(gateway.mcp(server), gateway.key, `${server}__echo`);
    for (let turn = 0; turn < 1_000; turn++) await call('small');
    const before = await settledBytes(gateway.pid);
    let extra = 0;
    for (let turn = 0; turn < CALLS; turn++) {
      forgetPeak(gateway.pid);
      if ((await call('large')) < RESULT_BYTES) throw new Error('the result is not whole');
      extra = Math.max(extra, statusBytes(gateway.pid, 'VmHWM') - before);
      await settledBytes(gateway.pid);
    }
    return [{ name: `memory for a result of ${megabytes(RESULT_BYTES)}, most of ${CALLS}`, found: megabytes(extra), bound: `at most ${megabytes(EXTRA_BYTES_MAX)}`, isGood: extra <= EXTRA_BYTES_MAX }];
  } finally {
    await gateway.stop();
    await Promise.all([small.stop(), large.stop()]);
  }
}

function resultBytes(url: string, key: string, tool: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const connection = new HttpConnection(new URL(url), reject);
    const meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} };
    const headers = `content-type: application/json\r\naccept: application/json, text/event-stream\r\nauthorization: Bearer ${key}\r\nmcp-protocol-version: 2026-07-28\r\nmcp-method: tools/call\r\nmcp-name: ${tool}\r\n`;
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: tool, arguments: { message: 'small' }, _meta: meta } });
    connection.exchange(connection.request('POST', headers, body), ({ status, body: answer }) => {
      connection.close();
      if (status === 200 && answer.includes('"result"')) resolve(answer.length);
      else reject(new Error(`${status}: ${answer.slice(0, 300)}`));
    });
  });
}
