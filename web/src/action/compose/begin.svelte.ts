/** How a message begins: empty, as an answer, from a draft, from what was sent, or from a `mailto:`. */
import type { BodyPart, Email, EmailAddress, GetResponse, Id, Identity, Thread } from '../../jmap/types.ts';
import type { Detail } from '../../cache/bodies.ts';
import { fullDate } from '../../kit/dates.ts';
import { asWritten } from '../../kit/flowed.ts';
import { htmlToText } from '../../kit/html-text.ts';
import { t } from '../../kit/i18n/index.svelte.ts';
import { inert } from '../../kit/inert.ts';
import { forwardSubject, newTo, parseAddress, replySubject, splitAddresses } from '../../kit/addresses.ts';
import { sameAddress } from '../../kit/mail.ts';
import { nameOf } from '../../kit/people.ts';
import { escapeHtml } from '../../kit/sanitize.ts';
import { composers } from '../composers.svelte.ts';
import { type Mail, session } from '../session.svelte.ts';
import { type Attachment, Draft, type Fields, restore } from './draft.svelte.ts';
import { FORWARDED, signature } from './signature.ts';
import { richText } from './way.ts';

/** The address that a message came to, among our own. */
export function receivedAs(mail: Mail, email: Email, detail?: Detail): Identity | undefined {
  const to = [...(email.to ?? []), ...(detail?.cc ?? []), ...(detail?.bcc ?? [])];
  return mail.store.identities.find((identity) => to.some((address) => sameAddress(address.email, identity.email)));
}

function mine(mail: Mail, address: EmailAddress | undefined): boolean {
  return address !== undefined && (sameAddress(address.email, mail.signed.address) || mail.store.identities.some((identity) => sameAddress(identity.email, address.email)));
}

export function start(mail: Mail, values: Partial<Fields> = {}): Draft {
  const draft = new Draft(mail);
  const identity = mail.store.identities[0];
  draft.fields = { ...draft.fields, identityId: identity?.id ?? '', rich: session.settings.values.richText, ...values };
  if (values.html === undefined) draft.fields.html = signature(draft.identity, draft.fields.rich);
  draft.state = 'clean';
  return draft;
}

/** A message that somebody shares, its files copied to one's own: what is written may carry them. */
export async function ownParts(mail: Mail, detail: Detail): Promise<Detail> {
  const { accountId } = detail;
  const blobIds = detail.attachments.map(({ blobId }) => blobId).filter((id) => id !== null);
  const client = mail.store.client;
  if (!accountId || !blobIds.length || !client) return detail;
  const { copied } = await client.call<{ copied: Record<Id, Id> | null }>('Blob/copy', { fromAccountId: accountId, blobIds });
  return { ...detail, attachments: detail.attachments.map((part) => ({ ...part, blobId: (part.blobId && copied?.[part.blobId]) ?? part.blobId })) };
}

/** Answer or pass on: receivers, subject, threading and the original below, as it is. */
export function respond(mail: Mail, kind: 'reply' | 'replyAll' | 'forward', email: Email, detail: Detail, quoted: string): Draft {
  const identity = receivedAs(mail, email, detail) ?? mail.store.identities[0];
  const author = email.from?.[0];
  const own = mine(mail, author);
  const answerTo = detail.replyTo?.length ? detail.replyTo : (email.from ?? []);
  let to: EmailAddress[] = [];
  let cc: EmailAddress[] = [];
  if (kind !== 'forward') {
    // Answering one's own message goes on talking to those it was written to.
    to = own ? (email.to ?? []) : answerTo;
    if (kind === 'replyAll') {
      const rest = own ? (detail.cc ?? []) : [...(email.to ?? []), ...(detail.cc ?? [])];
      cc = newTo(to, rest.filter((address) => !mine(mail, address)));
    }
  }
  const rich = session.settings.values.richText;
  const head = kind === 'forward' ? forwardHead(email, detail) : `<div class="moz-cite-prefix">${escapeHtml(t('compose.wrote', { date: fullDate(email.receivedAt), name: nameOf(author) }))}</div>`;
  const html = kind === 'forward' ? `${signature(identity, true)}<div><br></div><div class="${FORWARDED}">${head}<div>${quoted}</div></div>` : `${signature(identity, true)}<div><br></div>${head}<blockquote type="cite" dir="auto">${quoted}</blockquote>`;
  const messageId = detail.messageId ?? [];
  const draft = start(mail, {
    identityId: identity?.id ?? '',
    to,
    cc,
    subject: kind === 'forward' ? forwardSubject(email.subject ?? '') : replySubject(email.subject ?? ''),
    html: rich ? html : plainQuote(htmlToText(html)),
    rich,
    inReplyTo: kind === 'forward' || !messageId.length ? null : messageId,
    references: kind === 'forward' || !messageId.length ? null : [...(detail.references ?? detail.inReplyTo ?? []), ...messageId],
    about: { emailId: email.id, kind: kind === 'forward' ? 'forward' : 'reply' },
    attachments: carried(detail, kind === 'forward', rich ? quoted : ''),
  });
  draft.known = mail.store
    .threadEmails(email.threadId)
    .flatMap((other) => [...(other.from ?? []), ...(other.to ?? [])])
    .concat(detail.cc ?? [], detail.replyTo ?? [])
    .map((address) => address.email.toLowerCase());
  draft.answeredAs = identity?.email ?? null;
  return draft;
}

/** Parts of the original that go along: all of them when passing on, the pictures in the text when answering. */
function carried(detail: Detail, all: boolean, quoted: string): Attachment[] {
  return detail.attachments
    .filter((part): part is BodyPart & { blobId: Id } => part.blobId !== null && (all || (part.cid !== null && quoted.includes(`cid:${part.cid}`))))
    .map((part, index) => ({ key: `c${index}-${part.blobId}`, name: part.name ?? t('att.unnamed'), type: part.type, size: part.size, blobId: part.blobId, cid: part.cid && quoted.includes(`cid:${part.cid}`) ? part.cid : null, progress: 1, error: null }));
}

function forwardHead(email: Email, detail: Detail): string {
  const line = (name: string, list: EmailAddress[] | null | undefined): string => (list?.length ? `<div><b>${escapeHtml(name)}:</b> ${list.map((address) => escapeHtml(address.name ? `${address.name} <${address.email}>` : address.email)).join(', ')}</div>` : '');
  return `<div>---------- ${escapeHtml(t('compose.forwarded'))} ----------</div>${line(t('addr.from'), email.from)}<div><b>${escapeHtml(t('addr.date'))}:</b> ${escapeHtml(fullDate(email.receivedAt))}</div><div><b>${escapeHtml(t('compose.subject'))}:</b> ${escapeHtml(email.subject ?? '')}</div>${line(t('addr.to'), email.to)}${line(t('addr.cc'), detail.cc)}<div><br></div>`;
}

/** A draft of the server, to be written on. */
export async function resume(mail: Mail, emailId: Id): Promise<Draft> {
  // It may be one that was being written when the page went away.
  await restore(mail);
  const open = composers.list.find((draft) => draft.emailId === emailId);
  if (open) return open;
  const detail = await mail.bodies.get(emailId);
  const html = detail.htmlBody.find((part) => part.type === 'text/html');
  const rich = html !== undefined;
  const part = rich ? html : detail.textBody[0];
  const value = detail.bodyValues?.[part?.partId ?? '']?.value ?? '';
  const draft = new Draft(mail);
  draft.emailId = emailId;
  const from = detail.from?.[0]?.email ?? '';
  draft.fields = {
    ...draft.fields,
    identityId: mail.store.identities.find((identity) => sameAddress(identity.email, from))?.id ?? mail.store.identities[0]?.id ?? '',
    to: detail.to ?? [],
    cc: detail.cc ?? [],
    bcc: detail.bcc ?? [],
    subject: detail.subject ?? '',
    html: rich ? bodyOf(value) : asWritten(part, value),
    rich,
    inReplyTo: detail.inReplyTo ?? null,
    references: detail.references ?? null,
    receipt: Boolean((detail['header:Disposition-Notification-To:asAddresses'] as unknown[] | null | undefined)?.length),
    attachments: detail.attachments.map((file, index) => ({ key: `s${index}`, name: file.name ?? t('att.unnamed'), type: file.type, size: file.size, blobId: file.blobId, cid: file.cid, progress: 1, error: null })),
  };
  draft.state = 'saved';
  const { receivedAt = null } = mail.store.emails.get(emailId) ?? {};
  if (receivedAt && Date.now() - Date.parse(receivedAt) < 43_200_000) draft.savedAt = new Date(receivedAt); // said as a time of the day
  draft.dated = Date.parse(detail.sentAt ?? '') || null;
  await recall(draft, detail);
  return draft;
}

/** What a draft of the server answers, and whom that conversation knows: what is checked before sending is the same as where it was begun. */
async function recall(draft: Draft, { id, threadId, inReplyTo }: Detail): Promise<void> {
  const { mail } = draft;
  const client = mail.store.client;
  if (!client || !inReplyTo?.length) return;
  try {
    const thread = client.call<GetResponse<Thread>>('Thread/get', { ids: [threadId] });
    const members = client.call<GetResponse<Email & Detail>>('Email/get', { '#ids': thread.ref('/list/*/emailIds'), properties: ['id', 'messageId', 'inReplyTo', 'keywords', 'from', 'to', 'cc', 'bcc', 'replyTo'] });
    const [, { list }] = await Promise.all([thread, members]);
    const others = list.filter((email) => email.id !== id && !('$draft' in email.keywords));
    const original = others.find(({ messageId }) => messageId?.some((one) => inReplyTo.includes(one)));
    if (!original) return;
    draft.known = others.flatMap(({ from, to, cc, replyTo }) => [from, to, cc, replyTo].flatMap((addresses) => addresses ?? [])).map(({ email }) => email.toLowerCase());
    draft.answeredAs = (receivedAs(mail, original, original) ?? mail.store.identities[0])?.email ?? null;
    draft.fields.about = { emailId: original.id, kind: 'reply' };
    draft.answersAlone = !others.some((email) => email.inReplyTo?.some((one) => original.messageId?.includes(one)) && mine(mail, email.from?.[0]));
  } catch (error) {
    mail.store.report(error);
  }
}

/** A message that has been sent, as a new one: for `address`, which is to be mended first. */
export async function startAgain(mail: Mail, emailId: Id, address: string): Promise<Draft> {
  const sent = await resume(mail, emailId);
  const draft = new Draft(mail);
  draft.fields = { ...($state.snapshot(sent.fields) as Fields), to: [], cc: [], bcc: [], remindDays: 0, typed: { to: address, cc: '', bcc: '' } };
  draft.state = 'dirty';
  return draft;
}

/** What `mailto:` asks for (RFC 6068). */
export function fromMailto(href: string): Partial<Fields> {
  const url = new URL(href);
  const list = (text: string): EmailAddress[] => splitAddresses(text).map(parseAddress).filter((address) => address !== null);
  const get = (name: string): string => [...url.searchParams].filter(([key]) => key.toLowerCase() === name).map(([, value]) => value).join(', ');
  const body = get('body');
  return {
    to: list([decodeURIComponent(url.pathname), get('to')].filter(Boolean).join(', ')),
    cc: list(get('cc')),
    bcc: list(get('bcc')),
    subject: get('subject').slice(0, 500),
    ...(body ? { html: session.settings.values.richText ? richText(body) : body } : {}),
  };
}

export function bodyOf(html: string): string {
  return inert(html).body.innerHTML;
}

function plainQuote(text: string): string {
  return `\n${text}`;
}
