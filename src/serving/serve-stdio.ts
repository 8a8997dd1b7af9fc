/** A server of ours as a process: one JSON-RPC message a line on stdin and stdout (basic/transports/stdio). */
import type { JsonValue } from '../protocol/messages.ts';
import type { ServerPeer } from './server-peer.ts';

/** Longer lines end the process: whoever writes them does not speak MCP to us. */
const LINE_CHARS_MAX = 16 << 20;

/** Serves until stdin ends, then waits for `ended`. */
export function serveStdio(createPeer: (send: (message: JsonValue) => void) => Pick<ServerPeer, 'receive' | 'close'>, ended: () => Promise<void> = () => Promise.resolve()): void {
  const peer = createPeer((message) => void process.stdout.write(`${JSON.stringify(message)}\n`));
  let pending = '';
  process.stdin.setEncoding('utf8');
  process.stdin.on('data', (chunk: string) => {
    const lines = (pending + chunk).split('\n');
    pending = lines.pop() ?? '';
    if (pending.length > LINE_CHARS_MAX) {
      process.stderr.write(`a line is longer than ${LINE_CHARS_MAX} characters\n`);
      process.exit(1);
    }
    for (const line of lines) if (line.trim() !== '') void peer.receive(line);
  });
  process.stdin.on('end', () => {
    peer.close();
    void ended();
  });
  // The reader has gone: there is nobody left to answer.
  process.stdout.on('error', () => process.exit(0));
}
