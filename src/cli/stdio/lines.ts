/**
 * Lines of a byte stream, for newline-delimited JSON (MCP stdio transport). A line is decoded whole, so a character
 * that is cut between two chunks survives.
 */
import type { Readable } from 'node:stream';

/** The non-empty lines of `input`, without their line ends; a last line without a line end counts too. */
export async function* readLines(input: Readable): AsyncGenerator<string> {
  let unfinished: Buffer[] = [];
  for await (const piece of input) {
    let chunk: Buffer = typeof piece === 'string' ? Buffer.from(piece) : (piece as Buffer);
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a)) {
      const line = decode([...unfinished, chunk.subarray(0, end)]);
      unfinished = [];
      chunk = chunk.subarray(end + 1);
      if (line !== '') yield line;
    }
    if (chunk.length > 0) unfinished.push(chunk);
  }
  const last = decode(unfinished);
  if (last !== '') yield last;
}

function decode(pieces: readonly Buffer[]): string {
  return Buffer.concat(pieces).toString('utf8').trim();
}
