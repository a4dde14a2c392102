/**
 * Messages being written. Each is kept on this device at every pause and on the server as a draft; a reload, a crash or a second
 * device finds it. A draft on the server is never changed but replaced, in one request, so there is always a whole one.
 */
import { upload } from '../jmap/blobs.ts';
import { Offline, Refused } from '../jmap/errors.ts';
import type { BodyPart, Email, EmailAddress, Id, Identity, SetResponse } from '../jmap/types.ts';
import type { Detail } from '../cache/bodies.ts';
import { fullDate } from '../kit/dates.ts';
import { FLOWED, asWritten, flow } from '../kit/flowed.ts';
import { t } from '../kit/i18n/index.svelte.ts';
import { domainOf, forwardSubject, parseAddress, replySubject, sameAddress, splitAddresses } from '../kit/mail.ts';
import { nameOf } from '../kit/people.ts';
import { htmlToText } from '../kit/html-text.ts';
import { inert, showStyles } from '../kit/inert.ts';
import { escapeHtml, textToHtml } from '../kit/sanitize.ts';
import { composers } from './composers.svelte.ts';
import { usualSender } from './people.ts';
import { type Mail, session } from './session.svelte.ts';

export interface Attachment {
  key: string;
  name: string;
  type: string;
  size: number;
  blobId: Id | null;
  /** Set for pictures in the text; the text refers to it. */
  cid: string | null;
  progress: number;
  error: string | null;
  /** Set where the octets wait on this device for a network. */
  local?: boolean;
}

export type Kind = 'new' | 'reply' | 'replyAll' | 'forward' | 'draft';
export type SaveState = 'clean' | 'dirty' | 'saving' | 'saved' | 'local' | 'failed';

export interface Fields {
  identityId: Id;
  to: EmailAddress[];
  cc: EmailAddress[];
  bcc: EmailAddress[];
  subject: string;
  /** With styles hidden (`kit/inert.ts`), where it is rich; else the text. */
  html: string;
  rich: boolean;
  attachments: Attachment[];
  inReplyTo: string[] | null;
  references: string[] | null;
  about: { emailId: Id; kind: 'reply' | 'forward' } | null;
  receipt: boolean;
  /** Days after which one wants to hear that nobody has answered; 0 for never. */
  remindDays: number;
}

interface Kept {
  key: string;
  emailId: Id | null;
  fields: Fields;
  at: number;
  /** Handed over for sending, and not to be written on. */
  queued?: boolean;
}

interface KeptFile {
  type: string;
  base64: string;
}

let counter = 0;
/** Larger files wait for the network in the hands of their owner. */
const MAX_KEPT_FILE = 20_000_000;

export class Draft {
  readonly key: string;
  emailId: Id | null = null;
  fields = $state<Fields>({ identityId: '', to: [], cc: [], bcc: [], subject: '', html: '', rich: true, attachments: [], inReplyTo: null, references: null, about: null, receipt: false, remindDays: 0 });
  state = $state<SaveState>('clean');
  savedAt = $state<Date | null>(null);
  minimised = $state(false);
  /** True while shown within its conversation. */
  inline = $state(false);
  #problem = $state('');
  /** What was written when the problem was said. */
  #saidOf = '';
  /** True where another device has changed the draft meanwhile; both versions are kept. */
  conflict = $state(false);
  /** Warnings that the writer has waved through. */
  readonly waved = $state<Record<string, true>>({});
  /** The addresses of the conversation, to tell a new domain. */
  known: string[] = [];
  /** Where the message that is answered was sent to, if that is one of ours. */
  answeredAs: string | null = null;
  /** An address that stands in the field of the receivers to be mended. */
  toMend = '';
  #timer: ReturnType<typeof setTimeout> | undefined;
  #saving: Promise<void> = Promise.resolve();

  constructor(
    readonly mail: Mail,
    key?: string,
  ) {
    this.key = key ?? `d${Date.now().toString(36)}${(counter++).toString(36)}`;
  }

  get identity(): Identity | undefined {
    return this.mail.store.identities.find((identity) => identity.id === this.fields.identityId) ?? this.mail.store.identities[0];
  }

  /** Why it did not go; it stands until the writer changes something that may mend it. */
  get problem(): string {
    return this.#problem;
  }

  set problem(text: string) {
    this.#problem = text;
    this.#saidOf = text ? this.#written() : '';
  }

  #written(): string {
    const { identityId, to, cc, bcc, subject, html, attachments } = $state.snapshot(this.fields) as Fields;
    return JSON.stringify([identityId, to, cc, bcc, subject, textOf(html).trim(), attachments.map(({ key }) => key)]);
  }

  get empty(): boolean {
    const { to, cc, bcc, subject, html, attachments } = this.fields;
    return !to.length && !cc.length && !bcc.length && !subject.trim() && !attachments.length && !textOf(html).trim();
  }

  get uploading(): boolean {
    return this.fields.attachments.some((file) => file.blobId === null && file.error === null && !file.local);
  }

  get recipients(): EmailAddress[] {
    return [...this.fields.to, ...this.fields.cc, ...this.fields.bcc];
  }

  /** Another sender, whose signature takes the place of the one before where that is as it was. */
  writeAs(identityId: Id): void {
    const before = this.identity;
    this.fields.identityId = identityId;
    this.fields.html = withSignature(this.fields.html, this.fields.rich, before, this.identity);
    this.touch();
  }

  /** Something was written. */
  touch(): void {
    this.state = 'dirty';
    if (this.#problem && this.#written() !== this.#saidOf) this.#problem = '';
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.save(), 1500);
    void this.#keepHere();
  }

  async #keepHere(queued = false): Promise<void> {
    const fields = $state.snapshot(this.fields) as Fields;
    await this.mail.store.db?.put('draft', this.key, { key: this.key, emailId: this.emailId, fields, at: Date.now(), ...(queued ? { queued } : {}) } satisfies Kept);
  }

  /** Leave it on this device for the log to send. False where this device keeps nothing. */
  async queue(): Promise<boolean> {
    clearTimeout(this.#timer);
    if (!this.mail.store.db) return false;
    await this.#keepHere(true);
    return true;
  }

  /** Files that were attached without a network go up now. */
  async uploadKept(): Promise<void> {
    for (const entry of this.fields.attachments.filter((file) => file.local && file.blobId === null)) {
      const kept = await this.mail.store.db?.get<KeptFile>('meta', `file:${entry.key}`);
      if (!kept) throw new Refused('fileGone', t('compose.upload_failed', { name: entry.name, why: t('att.gone') }));
      const client = this.mail.store.client;
      if (!client) throw new Offline(t('door.offline'));
      const octets = Uint8Array.from(atob(kept.base64), (character) => character.charCodeAt(0));
      const answer = await upload(client, new Blob([octets], { type: kept.type }), kept.type, (share) => (entry.progress = share));
      entry.blobId = answer.blobId;
      entry.progress = 1;
      delete entry.local;
      await this.mail.store.db?.delete('meta', [`file:${entry.key}`]);
      this.state = 'dirty';
    }
  }

  take(kept: Kept): void {
    this.emailId = kept.emailId;
    this.fields = { ...this.fields, ...kept.fields };
    this.state = 'local';
    for (const file of this.fields.attachments) if (file.blobId === null && !file.local) file.error ??= t('att.gone');
  }

  /** Put it on the server, in place of the version before; one at a time. */
  save(): Promise<void> {
    clearTimeout(this.#timer);
    this.#saving = this.#saving.then(() => this.#save());
    return this.#saving;
  }

  async #save(): Promise<void> {
    const client = this.mail.store.client;
    const drafts = this.mail.store.byRole.get('drafts')?.id;
    if (this.state === 'saved' || this.state === 'clean' || (this.empty && !this.emailId)) return;
    if (!client || !drafts) {
      this.state = 'local';
      return;
    }
    this.state = 'saving';
    try {
      await this.uploadKept();
      this.state = 'saving';
      const before = this.emailId;
      const answer = await client.call<SetResponse<{ id: Id }>>('Email/set', {
        create: { draft: { ...this.toEmail(), mailboxIds: { [drafts]: true }, keywords: { $draft: true, $seen: true } } },
        ...(before ? { destroy: [before] } : {}),
      });
      const refused = answer.notCreated?.['draft'];
      if (refused) throw new Refused(refused.type, refused.description ?? (refused.properties ?? []).join(', ') ?? refused.type);
      this.emailId = answer.created?.['draft']?.id ?? before;
      // Somebody else has replaced the version before: theirs stays where it is.
      if (before && answer.notDestroyed?.[before]?.type === 'notFound') this.conflict = true;
      // Whoever typed on meanwhile is dirty again.
      if ((this.state as SaveState) === 'saving') this.state = 'saved';
      this.savedAt = new Date();
      void this.#keepHere();
    } catch (error) {
      this.mail.store.report(error);
      this.state = error instanceof Refused ? 'failed' : 'local';
      if (error instanceof Refused) this.problem = error.message;
    }
  }

  /** The message as JMAP takes it (RFC 8621 §4.6). */
  toEmail(): Record<string, unknown> {
    const { to, cc, bcc, subject, html, rich, attachments, inReplyTo, references, receipt } = $state.snapshot(this.fields) as Fields;
    const identity = this.identity;
    const text = rich ? htmlToText(html) : html;
    const files = attachments.filter((file) => file.blobId !== null);
    const used = files.filter((file) => !file.cid || html.includes(`cid:${file.cid}`) || html.includes(file.cid));
    return {
      from: [{ name: identity?.name || null, email: identity?.email ?? this.mail.signed.address }],
      to: to.length ? to : null,
      cc: cc.length ? cc : null,
      bcc: bcc.length ? bcc : null,
      subject,
      ...(identity?.replyTo?.length ? { replyTo: identity.replyTo } : {}),
      ...(inReplyTo ? { inReplyTo } : {}),
      ...(references ? { references } : {}),
      ...(receipt && identity ? { 'header:Disposition-Notification-To:asAddresses': [{ name: identity.name || null, email: identity.email }] } : {}),
      bodyValues: { text: { value: flow(text) }, ...(rich ? { html: { value: wrapHtml(html) } } : {}) },
      textBody: [{ partId: 'text', 'header:Content-Type': ` ${FLOWED}` }],
      ...(rich ? { htmlBody: [{ partId: 'html', type: 'text/html' }] } : {}),
      ...(used.length
        ? { attachments: used.map((file) => ({ blobId: file.blobId, type: file.type || 'application/octet-stream', name: file.name, disposition: file.cid ? 'inline' : 'attachment', ...(file.cid ? { cid: file.cid } : {}) })) }
        : {}),
    };
  }

  /** Attach files; each goes up at once and says how far it is. */
  attach(files: Iterable<File>, inline = false): Attachment[] {
    const added: Attachment[] = [];
    for (const file of files) {
      const key = `f${Date.now().toString(36)}${(counter++).toString(36)}`;
      this.fields.attachments.push({
        key,
        name: file.name || (file.type.startsWith('image/') ? `picture.${file.type.split('/')[1] ?? 'png'}` : 'file'),
        type: file.type,
        size: file.size,
        blobId: null,
        cid: inline ? `${key}@mailstead` : null,
        progress: 0,
        error: null,
      });
      const entry = this.fields.attachments.at(-1) as Attachment;
      added.push(entry);
      void this.#upload(entry, file);
    }
    return added;
  }

  async #upload(entry: Attachment, file: File): Promise<void> {
    try {
      const client = this.mail.store.client;
      if (!client) throw new Offline(t('door.offline'));
      const answer = await upload(client, file, file.type, (share) => (entry.progress = share));
      entry.blobId = answer.blobId;
      entry.progress = 1;
      this.touch();
    } catch (error) {
      if (error instanceof Offline && file.size <= MAX_KEPT_FILE && (await this.#keepFile(entry, file))) return;
      entry.error = error instanceof Error ? error.message : String(error);
    } finally {
      if (!this.uploading && this.#problem === t('compose.uploads_wait')) this.#problem = '';
    }
  }

  /** Without a network the octets wait here, sealed like everything else on this device. */
  async #keepFile(entry: Attachment, file: File): Promise<boolean> {
    const db = this.mail.store.db;
    if (!db) return false;
    const octets = new Uint8Array(await file.arrayBuffer());
    let text = '';
    for (let from = 0; from < octets.length; from += 32_768) text += String.fromCharCode(...octets.subarray(from, from + 32_768));
    await db.put('meta', `file:${entry.key}`, { type: file.type, base64: btoa(text) } satisfies KeptFile);
    entry.local = true;
    this.touch();
    return true;
  }

  detach(key: string): void {
    this.fields.attachments = this.fields.attachments.filter((file) => file.key !== key);
    this.touch();
  }

  /** Throw the draft away, here and on the server. */
  async discard(): Promise<void> {
    clearTimeout(this.#timer);
    this.state = 'clean';
    await this.#saving;
    await this.mail.store.db?.delete('draft', [this.key]);
    const trash = this.mail.store.byRole.get('trash')?.id;
    if (!this.emailId || !this.mail.store.client) return;
    const drafts = this.mail.store.byRole.get('drafts')?.id ?? '';
    await this.mail.store.client.call('Email/set', trash ? { update: { [this.emailId]: { [`mailboxIds/${drafts}`]: null, [`mailboxIds/${trash}`]: true } } } : { destroy: [this.emailId] });
  }

  async forgetHere(): Promise<void> {
    clearTimeout(this.#timer);
    await this.mail.store.db?.delete('draft', [this.key]);
  }
}

/** A draft that this device keeps, null where it does not. */
export async function keptDraft(mail: Mail, key: string): Promise<Draft | null> {
  const kept = await mail.store.db?.get<Kept>('draft', key);
  if (!kept) return null;
  const draft = new Draft(mail, key);
  draft.take(kept);
  return draft;
}

/** What was being written when the page went away comes back, minimised. */
export async function restore(mail: Mail): Promise<void> {
  const kept = (await mail.store.db?.all<Kept>('draft')) ?? [];
  for (const [key, value] of kept) {
    if (value.queued || Date.now() - value.at > 7 * 86_400_000 || composers.list.some((draft) => draft.key === key)) continue;
    const draft = new Draft(mail, key);
    draft.take(value);
    draft.minimised = true;
    if (!draft.empty) composers.list = [...composers.list, draft];
  }
}

// -------------------------------------------------------------------------------------------------------- beginnings

/** The address that a message came to, among our own. */
export function receivedAs(mail: Mail, email: Email, detail?: Detail): Identity | undefined {
  const to = [...(email.to ?? []), ...(detail?.cc ?? []), ...(detail?.bcc ?? [])];
  return mail.store.identities.find((identity) => to.some((address) => sameAddress(address.email, identity.email)));
}

export function start(mail: Mail, values: Partial<Fields> = {}): Draft {
  const draft = new Draft(mail);
  const identity = mail.store.identities[0];
  draft.fields = { ...draft.fields, identityId: identity?.id ?? '', rich: session.settings.values.richText, ...values };
  if (values.html === undefined) draft.fields.html = signature(draft.identity, draft.fields.rich);
  draft.state = 'clean';
  return draft;
}

export function signature(identity: Identity | undefined, rich: boolean): string {
  if (!identity) return rich ? '<div><br></div>' : '';
  const html = identity.htmlSignature || (identity.textSignature ? escapeHtml(identity.textSignature).replace(/\n/g, '<br>') : '');
  if (rich) return `<div><br></div>${html ? `<div class="signature"><div>-- </div>${html}</div>` : ''}`;
  const text = identity.textSignature || htmlToText(identity.htmlSignature);
  return text ? `\n\n-- \n${text}` : '';
}

/** The lines of an identity's signature, as they stand in a message. */
function signatureLines(identity: Identity | undefined): string[] {
  const text = identity ? identity.textSignature || htmlToText(identity.htmlSignature) : '';
  return text.split('\n').map((line) => line.trim()).filter(Boolean);
}

/** The signature of the writer in a page: not one of somebody who is quoted. */
function signatureIn(page: Document): Element | null {
  return [...page.querySelectorAll('.signature')].find((element) => !element.closest(`blockquote, .${FORWARDED}`)) ?? null;
}

/** The text with the signature of `after` where that of `before` is; one that was written on stays. */
export function withSignature(html: string, rich: boolean, before: Identity | undefined, after: Identity | undefined): string {
  const old = signature(before, rich);
  const fresh = signature(after, rich);
  if (html === old || html === '') return fresh;
  if (!rich) return old && html.includes(old) ? html.replace(old, () => fresh) : old ? html : `${html}${fresh}`;
  const page = inert(html);
  const here = signatureIn(page);
  const lines = htmlToText(here?.innerHTML ?? '').split('\n').map((line) => line.trim()).filter((line) => line && line !== '--');
  if (lines.join('\n') !== signatureLines(before).join('\n')) return html;
  const put = inert(fresh).querySelector('.signature');
  if (here && put) here.replaceWith(put);
  else if (here) here.remove();
  else if (put) {
    const original = page.querySelector(`.moz-cite-prefix, blockquote[type="cite"], .${FORWARDED}`);
    if (original) original.before(put, page.createElement('br'));
    else page.body.append(put);
  }
  return page.body.innerHTML;
}

/** Answer or pass on: receivers, subject, threading and the original below, as it is. */
export function respond(mail: Mail, kind: 'reply' | 'replyAll' | 'forward', email: Email, detail: Detail, quoted: string): Draft {
  const mine = (address: EmailAddress): boolean => sameAddress(address.email, mail.signed.address) || mail.store.identities.some((identity) => sameAddress(identity.email, address.email));
  const identity = receivedAs(mail, email, detail) ?? mail.store.identities[0];
  const author = email.from?.[0];
  const own = author !== undefined && mine(author);
  const answerTo = detail.replyTo?.length ? detail.replyTo : (email.from ?? []);
  let to: EmailAddress[] = [];
  let cc: EmailAddress[] = [];
  if (kind !== 'forward') {
    // Answering one's own message goes on talking to those it was written to.
    to = own ? (email.to ?? []) : answerTo;
    if (kind === 'replyAll') {
      const rest = own ? (detail.cc ?? []) : [...(email.to ?? []), ...(detail.cc ?? [])];
      const seen = new Set(to.map((address) => address.email.toLowerCase()));
      cc = rest.filter((address) => !mine(address) && !seen.has(address.email.toLowerCase()) && seen.add(address.email.toLowerCase()));
    }
  }
  const rich = session.settings.values.richText;
  const head = kind === 'forward' ? forwardHead(email, detail) : `<div class="moz-cite-prefix">${escapeHtml(t('compose.wrote', { date: fullDate(email.receivedAt), name: nameOf(author) }))}</div>`;
  const html = kind === 'forward' ? `${signature(identity, true)}<div><br></div><div class="${FORWARDED}">${head}<div>${quoted}</div></div>` : `${signature(identity, true)}<div><br></div>${head}<blockquote type="cite">${quoted}</blockquote>`;
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
    attachments: carried(detail, kind === 'forward', quoted),
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
  return draft;
}

/** A message that has been sent, as a new one: for `address`, which is to be mended first. */
export async function startAgain(mail: Mail, emailId: Id, address: string): Promise<Draft> {
  const sent = await resume(mail, emailId);
  const draft = new Draft(mail);
  draft.fields = { ...($state.snapshot(sent.fields) as Fields), to: [], cc: [], bcc: [], remindDays: 0 };
  draft.toMend = address;
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
    ...(body ? { html: session.settings.values.richText ? textToHtml(body) : body } : {}),
  };
}

// -------------------------------------------------------------------------------------------------------- text and HTML

export function bodyOf(html: string): string {
  return inert(html).body.innerHTML;
}

export function textOf(html: string): string {
  return html.includes('<') ? (inert(html).body.textContent ?? '') : html;
}

function plainQuote(text: string): string {
  return `\n${text}`;
}

function wrapHtml(html: string): string {
  return `<!DOCTYPE html><html><head><meta charset="utf-8"></head><body>${showStyles(html)}</body></html>`;
}

// -------------------------------------------------------------------------------------------------------- before sending

/** Around a message that is passed on: none of the writer's words. */
const FORWARDED = 'mailstead-forwarded';
const attachWords = /\b(attach(?:ed|ment|ments|ing)?|enclosed|anhang|anbei|angehängt|beigefügt|anlage)\b|مرفق|المرفقات/iu;

export interface Warning {
  kind: 'forgot' | 'domain' | 'self' | 'identity' | 'many';
  text: string;
  action?: { label: string; run: () => void };
  /** What waving it through is called. */
  wave: string;
}

/** What is worth a line before sending. None of them forbids it. */
export function warnings(draft: Draft): Warning[] {
  const out: Warning[] = [];
  const values = session.settings.values;
  const { fields } = draft;
  const own = ownText(fields.html, fields.rich, draft.identity);
  // The subject of an answer is somebody else's.
  const word = attachWords.exec(fields.about ? own : `${fields.subject}\n${own}`)?.[0];
  if (values.attachmentCheck && word && !fields.attachments.some((file) => !file.cid)) out.push({ kind: 'forgot', text: t('compose.forgot', { word }), wave: t('compose.forgot_send') });
  if (values.domainCheck && draft.known.length) {
    const domains = new Set(draft.known.map(domainOf));
    const fresh = draft.recipients.find((address) => !domains.has(domainOf(address.email)) && !draft.known.includes(address.email.toLowerCase()));
    if (fresh) out.push({ kind: 'domain', text: t('compose.new_domain', { address: fresh.email, domain: domainOf(fresh.email) }), wave: t('compose.keep') });
  }
  if (draft.answeredAs && draft.identity && !sameAddress(draft.answeredAs, draft.identity.email)) {
    const usual = draft.mail.store.identities.find((identity) => sameAddress(identity.email, draft.answeredAs ?? ''));
    if (usual) out.push({ kind: 'identity', text: t('compose.wrong_identity', { address: usual.email }), action: { label: t('compose.use'), run: () => draft.writeAs(usual.id) }, wave: t('compose.keep') });
  } else if (!draft.answeredAs && draft.identity) {
    for (const { email } of draft.recipients) {
      const found = usualSender(draft.mail, email);
      const usual = found && draft.mail.store.identities.find((identity) => sameAddress(identity.email, found.as));
      if (!found || !usual || sameAddress(usual.email, draft.identity.email)) continue;
      out.push({ kind: 'identity', text: t('compose.odd_identity', { to: found.of, address: usual.email }), action: { label: t('compose.use'), run: () => draft.writeAs(usual.id) }, wave: t('compose.keep') });
      break;
    }
  }
  if (fields.to.length + fields.cc.length > 15) {
    const n = fields.to.length + fields.cc.length;
    out.push({
      kind: 'many',
      text: t('compose.many_to', { n }),
      action: {
        label: t('compose.to_bcc'),
        run: () => {
          fields.bcc = [...fields.bcc, ...fields.to, ...fields.cc];
          fields.to = [];
          fields.cc = [];
          draft.touch();
        },
      },
      wave: t('compose.keep'),
    });
  }
  return out.filter((warning) => !draft.waved[warning.kind]);
}

/** Lines without those of a signature; of one that was written on, what was written. */
function withoutSignature(lines: string[], identity: Identity | undefined): string[] {
  const left = signatureLines(identity);
  return lines.map((line) => {
    if (line.trim() === '--') return '';
    const at = left.findIndex((own) => line.trim().startsWith(own));
    return at < 0 ? line : line.trim().slice(left.splice(at, 1)[0]?.length);
  });
}

/** What the writer wrote: without the quoted original, its introduction, and the signature; words typed inside or below that are the writer's. */
export function ownText(html: string, rich: boolean, identity: Identity | undefined): string {
  if (!rich) {
    const forwarded = html.indexOf(`---------- ${t('compose.forwarded')} ----------`);
    const lines = (forwarded < 0 ? html : html.slice(0, forwarded)).split('\n');
    const quote = lines.findIndex((line) => line.startsWith('>'));
    const said = lines.filter((line, index) => !line.startsWith('>') && !(index < quote && introduces(line) && lines.slice(index + 1, quote).every((between) => !between.trim())));
    const mark = said.findIndex((line) => line.trimEnd() === '--');
    return (mark < 0 ? said : [...said.slice(0, mark), ...withoutSignature(said.slice(mark), identity)]).join('\n');
  }
  const page = inert(html);
  const own = signatureIn(page);
  const inside = own ? withoutSignature(htmlToText(own.innerHTML).split('\n'), identity).join('\n') : '';
  for (const element of page.querySelectorAll(`blockquote, .signature, .moz-cite-prefix, .${FORWARDED}`)) element.remove();
  return `${htmlToText(page.body.innerHTML)}\n${inside}`;
}

/** Whether a line is ours before a quotation: when, and who wrote. */
function introduces(line: string): boolean {
  const [before = '', between = '', after = ''] = t('compose.wrote', { date: '\u0001', name: '\u0001' }).split('\u0001');
  const text = line.trim();
  return text.startsWith(before.trim()) && text.endsWith(after.trim()) && text.includes(between.trim());
}
