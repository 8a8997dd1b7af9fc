import type { Snapshot } from '../../snapshot/snapshot.ts';

/** Names of the servers whose configuration refers to the secret. */
export function usedBy(name: string, { servers }: Snapshot): string[] {
  const mark = `\${secret:${name}`;
  return [...servers.values()].filter((server) => refersTo(JSON.stringify(server), mark)).map((server) => server.name);
}

function refersTo(text: string, mark: string): boolean {
  return text.includes(`${mark}}`) || text.includes(`${mark}:-`);
}
