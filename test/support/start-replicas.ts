/** Several gateways of one instance: processes of their own with a real PostgreSQL, a real Valkey or Redis, one key and one file. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GATEWAY_FILE } from '../../src/contract/gateway-file.ts';
import { type RunningGateway, startGateway } from './start-gateway.ts';
import { startPostgres, type TestPostgres } from './start-postgres.ts';
import { startRedis, type TestRedis } from './start-redis.ts';

export interface RunningReplica extends RunningGateway {
  readonly name: string;
  /** The admin API of this gateway, as its operator. `address` behind `/api/v1/`. */
  readonly admin: (method: string, address: string, body?: object) => Promise<{ readonly status: number; readonly body: Record<string, unknown> }>;
}

export interface RunningReplicas {
  readonly databaseUrl: string;
  readonly postgres: TestPostgres;
  readonly redis: TestRedis;
  readonly start: (name: string, env?: Readonly<Record<string, string>>) => Promise<RunningReplica>;
  /** Those that were started and not ended; then the stores. */
  readonly stop: () => Promise<void>;
}

/** Undefined, with a line that says so, where PostgreSQL or Redis is missing. */
export async function openReplicas(config: object): Promise<RunningReplicas | undefined> {
  const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  if (postgres === undefined || redis === undefined) {
    await postgres?.stop();
    await redis?.stop();
    return undefined;
  }
  const folder = mkdtempSync(join(tmpdir(), 'metamcp-replicas-'));
  const file = join(folder, 'metamcp.json');
  writeFileSync(file, JSON.stringify(config));
  const databaseUrl = await postgres.createDatabase();
  const key = randomBytes(32).toString('hex');
  const running = new Set<RunningGateway>();
  const start = async (name: string, env: Readonly<Record<string, string>> = {}): Promise<RunningReplica> => {
    const gateway = await startGateway({
      args: ['--config', file, '--replica-port', '0', '--replica-name', name],
      env: { DATABASE_URL: databaseUrl, REDIS_URL: redis.url, METAMCP_INSTANCE_KEY: key, METAMCP_TRUSTED_PROXIES: 'loopback', ...env },
    });
    running.add(gateway);
    const { token } = JSON.parse(readFileSync(join(gateway.data, GATEWAY_FILE), 'utf8')) as { token: string };
    return {
      ...gateway,
      name,
      stop: () => {
        running.delete(gateway);
        return gateway.stop();
      },
      kill: () => {
        running.delete(gateway);
        return gateway.kill();
      },
      admin: async (method, address, body) => {
        const answer = await fetch(`${gateway.url}/api/v1/${address}`, { method, headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) }, ...(body && { body: JSON.stringify(body) }) });
        return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
      },
    };
  };
  return {
    databaseUrl,
    postgres,
    redis,
    start,
    stop: async () => {
      await Promise.all([...running].map((gateway) => gateway.stop()));
      await redis.stop();
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
