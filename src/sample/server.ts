/**
 * The sample server: what a new user calls before registering a server of their own. A child process over stdio
 * (basic/transports/stdio), without any package, so that it is there at once.
 */
import { systemClock } from '../base/clock.ts';
import { SamplePeer } from './peer.ts';

/** Longer lines end the process: whoever writes them does not speak MCP to us. */
const LINE_CHARS_MAX = 16 << 20;

const peer = new SamplePeer({ clock: systemClock, send: (message) => process.stdout.write(`${JSON.stringify(message)}\n`) });
let pending = '';

process.stdin.setEncoding('utf8');
process.stdin.on('data', (chunk: string) => {
  const lines = (pending + chunk).split('\n');
  pending = lines.pop() ?? '';
  if (pending.length > LINE_CHARS_MAX) {
    process.stderr.write(`sample server: a line is longer than ${LINE_CHARS_MAX} characters\n`);
    process.exit(1);
  }
  for (const line of lines) if (line.trim() !== '') void peer.receive(line);
});
process.stdin.on('end', () => peer.close());
// The reader has gone: there is nobody left to answer.
process.stdout.on('error', () => process.exit(0));
