// Leaving for an OpenID Connect issuer and coming back. What this tab keeps proves that it began.
import { call } from '../api/call';
import { t } from '../i18n/text';

const KEPT = 'volano-sign-in';
export const RETURN_PATH = '/login/provider';

let wanted = '/';

// The page to show in place of /login once somebody is signed in.
export function arrival(): string {
  return wanted;
}

export function arriveAt(path: string): void {
  wanted = path;
}

interface Kept {
  binding: string;
  from: string;
}

export async function leaveFor(provider: { name: string; account: string; hint: string }, from: string): Promise<void> {
  const departure = await call('beginProviderSignIn', provider);
  sessionStorage.setItem(KEPT, JSON.stringify({ binding: departure.binding, from } satisfies Kept));
  location.assign(departure.url);
}

// The answer of the server, and the page from which the person left.
export async function comeBack(search: string): Promise<{ answer: unknown; from: string }> {
  const query = new URLSearchParams(search);
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? 'null') as Kept | null;
  sessionStorage.removeItem(KEPT);
  const refused = query.get('error_description') ?? query.get('error');
  if (refused !== null) throw new Error(t('theSignInProvider', { refused }));
  if (kept === null) throw new Error(t('thisWindowDidNot'));
  const answer = await call('signInByProvider', { code: query.get('code') ?? '', state: query.get('state') ?? '', binding: kept.binding });
  return { answer, from: kept.from };
}
