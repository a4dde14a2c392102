/** Sign-in, sign-out and what belongs to one's own account at the server's HTTP interface. */
import { Client } from './client.ts';
import { Refused } from './errors.ts';
import { ask, setCsrf } from './http.ts';
import type { Session } from './types.ts';
import { MAIL } from './types.ts';

export interface Signed {
  accountId: string;
  address: string;
  name: string;
  csrf: string;
}

export type SignIn = { kind: 'ok'; signed: Signed } | { kind: 'code' } | { kind: 'wrong' } | { kind: 'refused'; detail: string };

/** One attempt. A wrong password and a missing code are answers, not errors; no answer is `Offline`. */
export async function signIn(login: string, password: string, code?: string): Promise<SignIn> {
  try {
    const response = await ask('/api/session', { json: code ? { login, password, code } : { login, password }, keepAuth: true });
    const signed = (await response.json()) as Signed;
    setCsrf(signed.csrf);
    return { kind: 'ok', signed };
  } catch (error) {
    if (error instanceof Refused && error.type === 'urn:mailstead:error:totp-required') return { kind: 'code' };
    if (error instanceof Refused && error.status === 401) return { kind: 'wrong' };
    if (error instanceof Refused && ( error.status === 403 || error.status === 429)) return { kind: 'refused', detail: error.message };
    throw error;
  }
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

export async function open(accountId: string): Promise<Client> {
  const session = (await (await ask('/.well-known/jmap')).json()) as Session;
  return new Client(session, session.primaryAccounts[MAIL] ?? accountId);
}

export interface WebSession {
  id: string;
  createdAt: number;
  seenAt: number;
  expiresAt: number;
  address: string;
  agent: string;
  isCurrent: boolean;
}

export interface AppPassword {
  id: string;
  label: string;
  createdAt: number;
  /** Only in the answer that makes it. */
  password: string | null;
}

export interface SecondFactor {
  secret: string;
  uri: string;
  recovery: string[];
}

const json = async <T>(url: string, init: Parameters<typeof ask>[1] = {}): Promise<T> => (await (await ask(url, init)).json()) as T;

/** What the owner may do with the account itself (docs/reference/http.md). */
export const account = {
  sessions: (): Promise<WebSession[]> => json('/api/sessions'),
  async endSession(id: string): Promise<void> {
    await ask(`/api/sessions/${encodeURIComponent(id)}`, { method: 'DELETE' });
  },
  async changePassword(old: string, fresh: string): Promise<void> {
    await ask('/api/password', { method: 'PUT', json: { current: old, new: fresh }, keepAuth: true });
  },
  hasSecondFactor: async (): Promise<boolean> => (await json<{ hasTotp: boolean }>('/api/totp')).hasTotp,
  beginSecondFactor: (): Promise<SecondFactor> => json('/api/totp', { json: {} }),
  async confirmSecondFactor(code: string): Promise<void> {
    await ask('/api/totp', { method: 'PUT', json: { code }, keepAuth: true });
  },
  async endSecondFactor(password: string): Promise<void> {
    await ask('/api/totp', { method: 'DELETE', json: { password }, keepAuth: true });
  },
  appPasswords: (): Promise<AppPassword[]> => json('/api/app-passwords'),
  newAppPassword: (label: string): Promise<AppPassword> => json('/api/app-passwords', { json: { label } }),
  async endAppPassword(id: string): Promise<void> {
    await ask(`/api/app-passwords/${encodeURIComponent(id)}`, { method: 'DELETE' });
  },
  /** The server's share of the key that seals mail on this device (CLIENT.md 5.7), bound to this web session. */
  async keyShare(): Promise<Uint8Array> {
    const { share } = await json<{ share: string }>('/api/key-share');
    return Uint8Array.from(atob(share), (character) => character.charCodeAt(0));
  },
};
