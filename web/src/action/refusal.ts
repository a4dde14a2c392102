/** Why the server did not send, as people say it: by the kind of its refusal (RFC 8621 §7.5) and our `reason`. What it answers itself is for whoever looks after it, and stands behind where that is of use. */
import { saidBy } from '../jmap/errors.ts';
import type { SetError } from '../jmap/types.ts';
import { type Key, number, octets, t } from '../kit/i18n/index.svelte.ts';

/** By `reason` of `invalidRecipients`. */
const ofRecipients: Partial<Record<string, Key>> = { noWayOut: 'compose.no_way_out', noSuchMailbox: 'compose.no_mailbox', noAddress: 'compose.no_addresses' };
const ofAll: Partial<Record<string, Key>> = {
  forbiddenFrom: 'compose.not_yours',
  forbiddenMailFrom: 'compose.not_yours',
  forbiddenToSend: 'compose.may_not_send',
  noRecipients: 'compose.to_nobody',
  tooManyRecipients: 'compose.too_many',
  tooLarge: 'compose.too_large',
};

export function whyNot(error: SetError): string {
  const { type, reason, invalidRecipients, maxRecipients, maxSize } = error;
  const why = saidBy(error);
  const key = ofRecipients[reason ?? ''] ?? ofAll[type];
  // Without the figure that it speaks of it would say nothing.
  if (!key || (type === 'tooManyRecipients' && maxRecipients === undefined) || (type === 'tooLarge' && maxSize === undefined)) return why;
  return t(key, { why, who: invalidRecipients?.join(', ') ?? '', n: number(maxRecipients ?? 0), size: octets(maxSize ?? 0) });
}
