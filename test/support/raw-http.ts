/** HTTP as bytes: what goes out is exactly what the test wrote, and what came back is told as it came. */
import { connect, type Socket } from 'node:net';

export interface RawResponse {
  /** 0 where the connection ended without any answer. */
  readonly status: number;
  readonly body: string;
  readonly head: string;
  /** The other side ended the connection within the time. */
  readonly isClosed: boolean;
  readonly tookMs: number;
}

export interface RawExchange {
  readonly bytes: string | Buffer;
  /** Bytes that follow one at a time. */
  readonly drip?: { readonly byte: string; readonly everyMs: number };
  /** Waits so long at most for the answer, and for the end of the connection after it. */
  readonly timeoutMs?: number;
  /** More than one answer is expected, the last of which ends the connection. */
  readonly untilClosed?: boolean;
}

/** One connection, one exchange. Waits for the end of the connection where the answer announces it. */
export function exchange(url: string, { bytes, drip, timeoutMs = 15_000, untilClosed = false }: RawExchange): Promise<RawResponse> {
  const { hostname, port } = new URL(url);
  const startedMs = performance.now();
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    let text = '';
    let dripping: NodeJS.Timeout | undefined;
    const finish = (isClosed: boolean): void => {
      clearTimeout(deadline);
      clearInterval(dripping);
      socket.destroy();
      resolve({ ...parse(text), isClosed, tookMs: performance.now() - startedMs });
    };
    const deadline = setTimeout(() => finish(false), timeoutMs);
    // Latin-1 keeps one character a byte, as HTTP heads are.
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (!untilClosed && isComplete(text) && !/^connection: close\r$/im.test(text)) finish(false);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => finish(true));
    socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
    if (drip !== undefined) dripping = setInterval(() => write(socket, drip.byte), drip.everyMs);
  });
}

function write(socket: Socket, byte: string): void {
  if (socket.writable) socket.write(byte);
}

function parse(text: string): { status: number; head: string; body: string } {
  const end = text.indexOf('\r\n\r\n');
  const head = end < 0 ? text : text.slice(0, end);
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0), head, body: end < 0 ? '' : text.slice(end + 4) };
}

function isComplete(text: string): boolean {
  const { head, body } = parse(text);
  const length = /^content-length: (\d+)/im.exec(head)?.[1];
  return text.includes('\r\n\r\n') && length !== undefined && body.length >= Number(length);
}
