import { createContext, useContext, useSyncExternalStore } from 'react';
import type { InspectorSession, SessionState } from './inspector-session.ts';

export const SessionContext = createContext<InspectorSession | undefined>(undefined);

/** The look under way; only inside a workbench. */
export function useSession(): InspectorSession {
  const session = useContext(SessionContext);
  if (session === undefined) throw new Error('outside of a workbench');
  return session;
}

export function useSessionState(): SessionState {
  const session = useSession();
  return useSyncExternalStore(session.subscribe, session.state);
}
