/** A real HTTP answer in the making: the server's side of it, and what its client has read. */
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface OpenResponse {
  readonly response: ServerResponse;
  /** Waits for the head of the answer. */
  readonly head: () => Promise<IncomingMessage>;
  /** Waits until what was read satisfies, or all was read; resolves with it. */
  readonly text: (isEnough?: (text: string) => boolean) => Promise<string>;
  /** The client goes away; resolves when the server has noticed. */
  readonly leave: () => Promise<void>;
}

export interface ResponseServer {
  readonly open: (isReading?: boolean) => Promise<OpenResponse>;
  readonly close: () => void;
}

export async function startResponses(): Promise<ResponseServer> {
  const arrivals: ((response: ServerResponse) => void)[] = [];
  const server: Server = createServer((_http, response) => arrivals.shift()?.(response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    open: async (isReading = true) => {
      const arrived = new Promise<ServerResponse>((resolve) => arrivals.push(resolve));
      const request = get({ port, host: '127.0.0.1', agent: false });
      request.on('error', () => undefined);
      const reading = once(request, 'response').then(([http]) => collect(http as IncomingMessage, isReading));
      reading.catch(() => undefined);
      const response = await arrived;
      return {
        response,
        head: async () => (await reading).http,
        text: async (isEnough) => (await reading).until(isEnough),
        leave: async () => {
          const noticed = once(response, 'close');
          request.destroy();
          await noticed;
        },
      };
    },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

interface Collected {
  readonly http: IncomingMessage;
  readonly until: (isEnough?: (text: string) => boolean) => Promise<string>;
}

function collect(http: IncomingMessage, isReading: boolean): Collected {
  let text = '';
  let isOver = false;
  const checks = new Set<() => void>();
  const check = (): void => {
    for (const one of checks) one();
  };
  http.setEncoding('utf8');
  http.on('close', () => {
    isOver = true;
    check();
  });
  http.on('error', () => undefined);
  if (isReading) {
    http.on('data', (chunk: string) => {
      text += chunk;
      check();
    });
  }
  return {
    http,
    until: (isEnough = () => false) =>
      new Promise((resolve) => {
        const one = (): void => {
          if (!isOver && !isEnough(text)) return;
          checks.delete(one);
          resolve(text);
        };
        checks.add(one);
        one();
      }),
  };
}
