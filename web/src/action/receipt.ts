/** Answering who asks for a read receipt (RFC 9007, RFC 8098): only by hand, and only once. */
import type { Detail } from '../cache/bodies.ts';
import { keyword } from '../cache/patch.ts';
import type { Email, EmailAddress, SetError, SetResponse } from '../jmap/types.ts';
import { MDN } from '../jmap/types.ts';
import { sameAddress } from '../kit/mail.ts';
import { t } from '../kit/i18n/index.svelte.ts';
import { whyNot } from './refusal.ts';
import { inWords } from './in-words.ts';
import { type Mail, session, tell } from './session.svelte.ts';

/** Who asks, where it is fit to be asked: not by lists or machines, not in one's own mail, not a second time. */
export function asks(mail: Mail, email: Email, detail: Detail): EmailAddress | null {
  const to = detail['header:Disposition-Notification-To:asAddresses'] as EmailAddress[] | null | undefined;
  const asker = to?.[0];
  if (!asker || email.accountId || !mail.store.client?.has(MDN)) return null;
  const automatic = String(detail['header:Auto-Submitted:asText'] ?? 'no').trim().toLowerCase();
  if (detail['header:List-Id:asText'] || automatic !== 'no') return null;
  if ('$mdnsent' in email.keywords || '$draft' in email.keywords) return null;
  return mail.store.identities.some((identity) => sameAddress(identity.email, email.from?.[0]?.email ?? '')) ? null : asker;
}

export async function sendReceipt(mail: Mail, email: Email): Promise<void> {
  const client = mail.store.client;
  const identity = mail.store.identities.find((one) => email.to?.some((address) => sameAddress(address.email, one.email))) ?? mail.store.identities[0];
  if (!client || !identity) return;
  try {
    const answer = await client.call<SetResponse & { notSent?: Record<string, SetError> | null }>('MDN/send', {
      identityId: identity.id,
      send: { one: { forEmailId: email.id, disposition: { actionMode: 'manual-action', sendingMode: 'mdn-sent-manually', type: 'displayed' } } },
      onSuccessUpdateEmail: { '#one': { 'keywords/$mdnsent': true } },
    });
    const refusal = answer.notSent?.['one'];
    if (refusal) tell(t('compose.send_failed', { why: whyNot(refusal) }));
    else session.toast({ text: t('mdn.sent') }, 4000);
  } catch (error) {
    mail.store.report(error);
    tell(t('compose.send_failed', { why: inWords(error) }));
  }
}

/** Not to be asked again (RFC 3503 §3). */
export function refuseReceipt(mail: Mail, email: Email): void {
  mail.log.perform('did.read', { n: 1 }, { [email.id]: keyword('$mdnsent', true) }, { quiet: true });
}
