/** Sign-in, sign-out and what belongs to one's own account at the server's HTTP interface. */
import { Client } from './client.ts';
import { Refused, SignedOut } from './errors.ts';
import { ask, setCsrf } from './http.ts';
import type { Session } from './types.ts';
import { MAIL } from './types.ts';

export interface Signed {
  accountId: string;
  address: string;
  name: string;
  csrf: string;
}

export type SignIn = { kind: 'ok'; signed: Signed } | { kind: 'code' } | { kind: 'refused'; detail: string };

/** One attempt. A wrong password and a missing code are answers, not errors; no answer is `Offline`. */
export async function signIn(login: string, password: string, code?: string): Promise<SignIn> {
  try {
    const response = await ask('/api/session', { json: code ? { login, password, code } : { login, password }, keepAuth: true });
    const signed = (await response.json()) as Signed;
    setCsrf(signed.csrf);
    return { kind: 'ok', signed };
  } catch (error) {
    if (error instanceof Refused && error.type === 'urn:mailstead:error:totp-required') return { kind: 'code' };
    if (error instanceof Refused && (error.status === 401 || error.status === 403 || error.status === 429)) return { kind: 'refused', detail: error.message };
    throw error;
  }
}

/** The session that the cookie stands for, or null where there is none. */
export async function current(): Promise<Signed | null> {
  try {
    const signed = (await (await ask('/api/session')).json()) as Signed;
    setCsrf(signed.csrf);
    return signed;
  } catch (error) {
    if (error instanceof SignedOut) return null;
    throw error;
  }
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
  current: boolean;
  createdAt?: string;
  lastUsedAt?: string;
  address?: string;
  agent?: string;
  [more: string]: unknown;
}

export const account = {
  async sessions(): Promise<WebSession[]> {
    const body: unknown = await (await ask('/api/sessions')).json();
    return (Array.isArray(body) ? body : ((body as { sessions?: WebSession[] }).sessions ?? [])) as WebSession[];
  },
  async endSession(id: string): Promise<void> {
    await ask(`/api/sessions/${encodeURIComponent(id)}`, { method: 'DELETE' });
  },
  async changePassword(old: string, fresh: string): Promise<void> {
    await ask('/api/password', { method: 'PUT', json: { current: old, new: fresh }, keepAuth: true });
  },
  /** The server's share of the key that seals mail on this device (CLIENT.md 5.7), bound to this web session. */
  async keyShare(): Promise<Uint8Array> {
    return new Uint8Array(await (await ask('/api/key-share')).arrayBuffer());
  },
};
