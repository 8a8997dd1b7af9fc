/**
 * The streams of a pod over one WebSocket: the first byte of each binary message is the channel (0 stdin, 1 stdout,
 * 2 stderr, 3 how it ended, as a Status object); since v5, 255 closes the channel that the next byte names.
 */
import { Readable, Writable } from 'node:stream';
import type { WebSocket } from 'undici';
import { z } from 'zod';
import type { Clock } from '../../../base/clock.ts';

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const ENDED = 3;
const CLOSE = 255;
/** More that is not on its way yet holds up who writes. */
const BUFFERED_BYTES_MAX = 1 << 20;
const POLL_MS = 10;

/** A Status as the API server ends an attachment (meta/v1): the exit code is a cause of its failure. */
const StatusSchema = z.object({
  status: z.string(),
  message: z.string().optional(),
  details: z.object({ causes: z.array(z.object({ reason: z.string().optional(), message: z.string().optional() })).optional() }).optional(),
});

export interface ChannelStreams {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** How it ended, for a reader. */
  readonly ended: Promise<string>;
  close(): void;
}

export function channelStreams(socket: WebSocket, clock: Clock): ChannelStreams {
  const stdout = new Readable({ read: () => undefined });
  const stderr = new Readable({ read: () => undefined });
  let why: string | undefined;
  socket.addEventListener('message', ({ data }) => {
    if (!(data instanceof ArrayBuffer) || data.byteLength === 0) return;
    const bytes = Buffer.from(data);
    const body = bytes.subarray(1);
    if (bytes[0] === STDOUT && body.length > 0) stdout.push(body);
    else if (bytes[0] === STDERR && body.length > 0) stderr.push(body);
    else if (bytes[0] === ENDED) why = describe(body.toString('utf8'));
  });
  const ended = new Promise<string>((resolve) => {
    socket.addEventListener('close', () => {
      stdout.push(null);
      stderr.push(null);
      resolve(why ?? 'its pod is gone');
    });
  });
  return { stdin: inputOf(socket, clock), stdout, stderr, ended, close: () => socket.close() };
}

function inputOf(socket: WebSocket, clock: Clock): Writable {
  const isOpen = (): boolean => socket.readyState === socket.OPEN;
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      if (!isOpen()) return done(new Error('the streams of the pod are closed'));
      socket.send(Buffer.concat([Buffer.of(STDIN), chunk]));
      const look = (): void => {
        if (!isOpen() || socket.bufferedAmount <= BUFFERED_BYTES_MAX) done();
        else clock.after(POLL_MS, look);
      };
      look();
    },
    final: (done) => {
      // An older server cannot be told; the pod is deleted a moment later.
      if (isOpen() && socket.protocol.startsWith('v5')) socket.send(Buffer.of(CLOSE, STDIN));
      done();
    },
  });
}

function describe(text: string): string | undefined {
  try {
    const { status, message, details } = StatusSchema.parse(JSON.parse(text));
    if (status === 'Success') return 'it exited with code 0';
    const code = details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message;
    return code === undefined ? message : `it exited with code ${code}`;
  } catch {
    return undefined;
  }
}
