// Who is signed in. The cookie is HttpOnly; this holds the CSRF token and what the page shows.
import { createContext, useCallback, useContext, useEffect, useState, type ReactNode } from 'react';

import { ApiError, onSignedOut, rest, setCsrf } from '../api/client';

export interface Session {
  account: string;
  account_name: string;
  principal_id: string;
  name: string;
  arn: string;
  kind: string;
  csrf: string;
  region: string;
}

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

  const signedIn = useCallback((next: Session) => {
    setCsrf(next.csrf);
    setSession(next);
  }, []);

  useEffect(() => {
    rest
      .get<Session>('/session')
      .then(signedIn)
      .catch((error: unknown) => {
        if (!(error instanceof ApiError)) throw error;
      })
      .finally(() => setLoading(false));
  }, [signedIn]);

  useEffect(() => onSignedOut(() => setSession(null)), []);

  const signOut = useCallback(async () => {
    await rest.delete('/session').catch(() => undefined);
    setSession(null);
  }, []);

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
