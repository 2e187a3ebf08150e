// Who is signed in. The cookie is HttpOnly; this holds the CSRF token and what the page shows.
import { useQueryClient } from '@tanstack/react-query';
import { createContext, useCallback, useContext, useEffect, useState, type ReactNode } from 'react';

import { call } from '../api/call';
import { ApiError, onSignedOut, setCsrf } from '../api/client';
import type { SessionView } from '../api/schema';

export type Session = SessionView;

interface SessionState {
  session: Session | null;
  loading: boolean;
  signedIn: (session: Session) => void;
  signOut: () => Promise<void>;
}

const Context = createContext<SessionState | null>(null);

export function SessionProvider({ children }: { children: ReactNode }) {
  const [session, setSession] = useState<Session | null>(null);
  const [loading, setLoading] = useState(true);

  const queries = useQueryClient();

  const signedIn = useCallback((next: Session) => {
    setCsrf(next.csrf);
    setSession(next);
  }, []);

  // What one person saw must not be there for the next.
  const signedOut = useCallback(() => {
    setCsrf('');
    setSession(null);
    queries.clear();
  }, [queries]);

  useEffect(() => {
    call('getSession', {})
      .then(signedIn)
      .catch((error: unknown) => {
        if (!(error instanceof ApiError)) throw error;
      })
      .finally(() => setLoading(false));
  }, [signedIn]);

  useEffect(() => onSignedOut(signedOut), [signedOut]);

  const signOut = useCallback(async () => {
    await call('signOut', {}).catch(() => undefined);
    signedOut();
  }, [signedOut]);

  return <Context.Provider value={{ session, loading, signedIn, signOut }}>{children}</Context.Provider>;
}

export function useSessionState(): SessionState {
  const state = useContext(Context);
  if (state === null) throw new Error('useSessionState is used outside SessionProvider');
  return state;
}

// The signed-in session; only for pages inside the shell.
export function useSession(): Session {
  const { session } = useSessionState();
  if (session === null) throw new Error('no session');
  return session;
}
