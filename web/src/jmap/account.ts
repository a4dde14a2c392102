/** Signing in, and what the owner may do with the account itself (docs/reference/http.md): what only the door and settings need. */
import { Refused } from './errors.ts';
import { ask, json, setCsrf } from './http.ts';
import type { Signed } from './session.ts';

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
};
