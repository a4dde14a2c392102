/** Who is signed in, and the way to their mail. */
import { Client } from './client.ts';
import { ask, json, setCsrf } from './http.ts';
import type { Session } from './types.ts';
import { MAIL } from './types.ts';

export interface Signed {
  accountId: string;
  address: string;
  name: string;
  csrf: string;
}

/** The session that the cookie stands for, or null where there is none. */
export async function current(): Promise<Signed | null> {
  const response = await ask('/api/session');
  if (response.status === 204) return null;
  const signed = (await response.json()) as Signed;
  setCsrf(signed.csrf);
  return signed;
}

export async function signOut(): Promise<void> {
  await ask('/api/session', { method: 'DELETE' });
  setCsrf('');
}

/** The session object: which accounts there are, and where. */
export const look = (): Promise<Session> => json<Session>('/.well-known/jmap');

export async function open(accountId: string): Promise<Client> {
  const session = await look();
  return new Client(session, session.primaryAccounts[MAIL] ?? accountId);
}

/** The server's share of the key that seals mail on this device (CLIENT.md 5.7), bound to this web session. */
export async function keyShare(): Promise<Uint8Array> {
  const { share } = await json<{ share: string }>('/api/key-share');
  return Uint8Array.from(atob(share), (character) => character.charCodeAt(0));
}
