/** Open sessions of the data plane as the control plane sees them. */
import type { Clock } from '../base/clock.ts';
import type { LiveSessions } from '../control-plane/live-sessions.ts';
import type { Session } from '../data-plane/session.ts';

export function createLiveSessions(sessions: () => Iterable<Session>, clock: Clock): LiveSessions {
  const toWallClock = (monotonicMs: number): number => clock.nowMs() - (clock.monotonicMs() - monotonicMs);
  return {
    list: () =>
      [...sessions()].map((session) => {
        const { endpoint, principal, revision, info } = session.opening;
        const { name, version } = info ?? {};
        return {
          id: session.label,
          endpoint,
          principal: { kind: principal.kind, id: principal.id, name: principal.name },
          revision,
          client: typeof name === 'string' ? `${name} ${typeof version === 'string' ? version : ''}`.trim() : undefined,
          openedMs: toWallClock(session.openedMs),
          lastUsedMs: toWallClock(session.lastUsedMs),
          inFlight: session.inFlight.size,
        };
      }),
    end: (id) => {
      const session = [...sessions()].find((open) => open.label === id);
      session?.end();
      return session !== undefined;
    },
  };
}
