/** What a client has set up in its session and would miss in a new one: its log level and its resource subscriptions. */
import type { Message } from './message.ts';

export interface SessionSetup {
  /** Remembers the request where it sets something up. */
  note(message: Message): void;
  /** The requests that set it all up again, under ids of ours. */
  messages(): readonly string[];
}

export function createSetup(): SessionSetup {
  const kept = new Map<string, Message>();
  return {
    note(message) {
      const uri = String(message.params['uri']);
      if (message.method === 'logging/setLevel') kept.set('level', message);
      if (message.method === 'resources/subscribe') kept.set(`resource ${uri}`, message);
      if (message.method === 'resources/unsubscribe') kept.delete(`resource ${uri}`);
    },
    messages: () => [...kept.values()].map(({ method, params }, index) => JSON.stringify({ jsonrpc: '2.0', id: `metamcp-setup-${index}`, method, params })),
  };
}
