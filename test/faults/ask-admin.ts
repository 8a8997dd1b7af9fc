/** One request to the admin API of a running gateway, as its operator. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunningGateway } from '../support/start-gateway.ts';

export interface AdminAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly tookMs: number;
}

/** `body` makes it a write in JSON. */
export async function askAdmin(gateway: RunningGateway, method: string, path: string, body?: object): Promise<AdminAnswer> {
  const { token } = JSON.parse(await readFile(join(gateway.data, 'gateway.json'), 'utf8')) as { token: string };
  const startedMs = performance.now();
  const answer = await fetch(gateway.url + path, { method, headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) }, ...(body && { body: JSON.stringify(body) }) });
  const text = await answer.text();
  return { status: answer.status, body: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {}, tookMs: performance.now() - startedMs };
}

/** Status and words of /ready. */
export async function readinessOf(gateway: RunningGateway): Promise<Readonly<Record<string, unknown>>> {
  const answer = await fetch(`${gateway.url}/ready`);
  return { code: answer.status, ...((await answer.json()) as object) };
}
