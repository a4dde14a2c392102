/** One door to the network: same origin, the session's cookie, the token against forged requests, errors of one kind. */
import { Offline, Refused, SignedOut } from './errors.ts';

let csrf = '';

export function setCsrf(token: string): void {
  csrf = token;
}

export function csrfHeader(): Record<string, string> {
  return csrf ? { 'X-CSRF-Token': csrf } : {};
}

export interface Problem {
  type?: string;
  title?: string;
  detail?: string;
  status?: number;
}

/** Ask and return the response if it succeeded. `keepAuth` leaves a 401 to the caller as `Refused`. */
export async function ask(url: string, init: RequestInit & { json?: unknown; keepAuth?: boolean; timeoutMs?: number } = {}): Promise<Response> {
  const { json, keepAuth, timeoutMs = 30_000, ...rest } = init;
  const method = rest.method ?? (json === undefined ? 'GET' : 'POST');
  const headers = new Headers(rest.headers);
  if (json !== undefined) headers.set('Content-Type', 'application/json');
  if (method !== 'GET' && csrf) headers.set('X-CSRF-Token', csrf);
  const deadline = AbortSignal.timeout(timeoutMs);
  let response: Response;
  try {
    response = await fetch(url, {
      ...rest,
      method,
      headers,
      credentials: 'same-origin',
      signal: rest.signal ? AbortSignal.any([rest.signal, deadline]) : deadline,
      ...(json === undefined ? {} : { body: JSON.stringify(json, onlyCharacters) }),
    });
  } catch (cause) {
    if (rest.signal?.aborted) throw cause;
    throw new Offline('', { cause });
  }
  if (response.ok) return response;
  const problem = await readProblem(response);
  if (response.status === 401 && !keepAuth) throw new SignedOut();
  if (response.status === 502 || response.status === 503 || response.status === 504) throw new Offline();
  throw new Refused(problem.type ?? 'about:blank', problem.detail ?? problem.title ?? `The server answered ${response.status}.`, response.status);
}

/** JSON on the wire is I-JSON (RFC 7493 §2.1): what was pasted and is no character would have the whole request refused. */
const onlyCharacters = (_: string, value: unknown): unknown =>
  typeof value === 'string' ? value.replace(/[\p{Cs}\p{Noncharacter_Code_Point}]/gu, '\ufffd') : value;

async function readProblem(response: Response): Promise<Problem> {
  try {
    const body: unknown = await response.json();
    return typeof body === 'object' && body !== null ? (body as Problem) : {};
  } catch {
    return {};
  }
}

/** What is answered as JSON. */
export const json = async <T>(url: string, init: Parameters<typeof ask>[1] = {}): Promise<T> => (await (await ask(url, init)).json()) as T;
