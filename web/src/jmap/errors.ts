/**
 * What can go wrong on the way to the server.
 *
 * `Offline`: nobody answered; repeat later. `SignedOut`: the session is over; ask for the password. `Refused`: the server
 * said no and why (a problem of RFC 9457 or a method error of RFC 8620 §3.6); repeating changes nothing.
 */
import type { SetError } from './types.ts';

export class Offline extends Error {
  override name = 'Offline';
}

export class SignedOut extends Error {
  override name = 'SignedOut';
}

export class Refused extends Error {
  override name = 'Refused';
  constructor(
    readonly type: string,
    detail: string,
    readonly status = 0,
  ) {
    super(detail || type);
  }
}

/** Why the server has refused one object, in its own words. */
export const saidBy = ({ type, description, properties }: SetError): string => description || (properties?.length ? `${type}: ${properties.join(', ')}` : type);

export const refusedBy = (error: SetError, words = saidBy(error)): Refused => new Refused(error.type, words);

/** True where the same request may succeed later. */
export function isTemporary(error: unknown): boolean {
  return error instanceof Offline || (error instanceof Refused && (error.status >= 500 || error.status === 429 || error.type === 'serverUnavailable' || error.type === 'serverFail'));
}
