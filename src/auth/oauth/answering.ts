/** Small bodies in, small answers out. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Fault } from '../../base/fault.ts';
import type { Page } from './pages.ts';

/** For what a program in a browser may ask without credentials of the browser (Fetch standard, CORS protocol). */
export const CORS_HEADERS: Readonly<Record<string, string>> = { 'access-control-allow-origin': '*' };

export function answerJson(response: ServerResponse, status: number, body: object, headers: Readonly<Record<string, string>> = {}): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  response.end(text);
}

export function answerPage(response: ServerResponse, status: number, page: Page, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, { ...page.headers, 'content-length': Buffer.byteLength(page.html), ...headers });
  response.end(page.html);
}

/** Rejects with `request.media_type` or `request.too_large`. */
export async function readSmallBody(http: IncomingMessage, mediaType: string, bytesMax: number): Promise<string> {
  const type = (http.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase();
  if (type !== mediaType) throw new Fault('request.media_type', { message: `Send ${mediaType}.` });
  if (Number(http.headers['content-length'] ?? 0) > bytesMax) throw new Fault('request.too_large');
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of http as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new Fault('request.too_large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
