/** Leaving a mailing list in the way it offers (RFC 2369 §3.2, RFC 8058). */
import type { Detail } from '../cache/bodies.ts';
import { keyword } from '../cache/patch.ts';
import type { Id, SetResponse } from '../jmap/types.ts';
import { Refused, refusedBy } from '../jmap/errors.ts';
import { t } from '../kit/i18n/index.svelte.ts';
import { whyNot } from './refusal.ts';
import { inWords } from './in-words.ts';
import { type Mail, session, tell } from './session.svelte.ts';

export interface Unsubscribe {
  /** RFC 8058: one POST without a page. */
  oneClick: string | null;
  mailto: string | null;
  page: string | null;
}

export function unsubscribe(detail: Detail): Unsubscribe | null {
  const urls = detail['header:List-Unsubscribe:asURLs'];
  if (!Array.isArray(urls) || !urls.length) return null;
  const list = urls.map(String);
  const https = list.find((url) => /^https:/i.test(url)) ?? null;
  const post = String(detail['header:List-Unsubscribe-Post:asText'] ?? '').trim();
  return { oneClick: https && /^List-Unsubscribe=One-Click$/i.test(post) ? https : null, mailto: list.find((url) => /^mailto:/i.test(url)) ?? null, page: https };
}

interface Left {
  result: 'done' | 'refused' | 'unreachable' | 'unsure' | 'notSigned' | 'notOffered';
  host: string | null;
}

/** Do it: in one step through the server where the list offers that and somebody vouches for it, else by a message, else on its page. */
export async function leaveList(mail: Mail, detail: Detail): Promise<void> {
  const way = unsubscribe(detail);
  if (!way) return;
  const name = detail.from?.[0]?.name || detail.from?.[0]?.email || '';
  const done = () => {
    mail.log.perform('did.read', { n: 1 }, { [detail.id]: keyword('$unsubscribed', true) }, { quiet: true });
    session.toast({ text: t('unsub.done', { name }) });
  };
  try {
    const left = way.oneClick && mail.store.client ? await mail.store.client.call<Left>('Email/unsubscribe', { emailId: detail.id }) : null;
    if (left?.result === 'done') return done();
    if (left?.result === 'unsure') return void session.toast({ text: t('unsub.unsure', { host: left.host ?? '' }), alert: true }, 8000);
    if (way.mailto) {
      await sendRequest(mail, way.mailto);
      return done();
    }
  } catch (error) {
    tell(t('compose.send_failed', { why: inWords(error) }));
    return;
  }
  const page = way.page;
  if (page) session.toast({ text: t('unsub.by_page', { host: new URL(page).host }), action: { label: t('unsub.page'), run: () => window.open(page, '_blank', 'noopener,noreferrer') } }, 12000);
}

async function sendRequest(mail: Mail, mailto: string): Promise<void> {
  const client = mail.store.client;
  const identity = mail.store.identities[0];
  const sent = mail.store.byRole.get('sent')?.id;
  const drafts = mail.store.byRole.get('drafts')?.id;
  if (!client || !identity || !sent || !drafts) throw new Refused('offline', t('door.offline'));
  const url = new URL(mailto);
  const to = decodeURIComponent(url.pathname);
  const subject = url.searchParams.get('subject') ?? 'unsubscribe';
  const text = url.searchParams.get('body') ?? '';
  const email = client.call<SetResponse<{ id: Id }>>('Email/set', {
    create: { one: { mailboxIds: { [drafts]: true }, keywords: { $draft: true, $seen: true }, from: [{ name: identity.name || null, email: identity.email }], to: [{ name: null, email: to }], subject, bodyValues: { text: { value: text } }, textBody: [{ partId: 'text', type: 'text/plain' }] } },
  });
  const submission = client.call<SetResponse>('EmailSubmission/set', {
    create: { send: { identityId: identity.id, emailId: '#one', envelope: { mailFrom: { email: identity.email, parameters: null }, rcptTo: [{ email: to }] } } },
    onSuccessUpdateEmail: { '#send': { [`mailboxIds/${drafts}`]: null, [`mailboxIds/${sent}`]: true, 'keywords/$draft': null } },
  });
  const [made, submitted] = await Promise.all([email, submission]);
  const refusal = made.notCreated?.['one'] ?? submitted.notCreated?.['send'];
  if (refusal) throw refusedBy(refusal, whyNot(refusal));
}
