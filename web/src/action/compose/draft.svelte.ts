/**
 * Messages being written. Each is kept on this device at every pause and on the server as a draft; a reload, a crash or a second
 * device finds it. A draft on the server is never changed but replaced, in one request, so there is always a whole one.
 */
import type { Database } from '../../cache/db.ts';
import { mailbox } from '../../cache/patch.ts';
import { upload } from '../../jmap/blobs.ts';
import type { Client } from '../../jmap/client.ts';
import { Offline, Refused, refusedBy } from '../../jmap/errors.ts';
import type { Email, EmailAddress, GetResponse, Id, Identity, SetResponse } from '../../jmap/types.ts';
import { newTo, readAddresses } from '../../kit/addresses.ts';
import { FLOWED, flow } from '../../kit/flowed.ts';
import { htmlToText } from '../../kit/html-text.ts';
import { t } from '../../kit/i18n/index.svelte.ts';
import { inert, showStyles } from '../../kit/inert.ts';
import { inWords } from '../in-words.ts';
import { composers } from '../composers.svelte.ts';
import type { Mail } from '../session.svelte.ts';
import { withSignature } from './signature.ts';
import { asPlain, asRich, ownPictures } from './way.ts';

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
  /** What stands in the fields of the receivers and is no address yet. */
  typed: Record<'to' | 'cc' | 'bcc', string>;
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
  known?: string[];
  answeredAs?: string | null;
  /** Handed over for sending, and not to be written on. */
  queued?: boolean;
  /** The server has it as it is here. */
  saved?: boolean;
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
  emailId = $state<Id | null>(null);
  fields = $state<Fields>({ identityId: '', to: [], cc: [], bcc: [], typed: { to: '', cc: '', bcc: '' }, subject: '', html: '', rich: true, attachments: [], inReplyTo: null, references: null, about: null, receipt: false, remindDays: 0 });
  state = $state<SaveState>('clean');
  savedAt = $state<Date | null>(null);
  /** Whether this device has what was written; it may keep nothing, or take nothing more. */
  kept = $state(true);
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
  /** When it is to leave, which its Date says; null for when it is saved. */
  leaves: Date | null = null;
  /** What the Date of the server's version says. */
  dated: number | null = null;
  /** A template has been put into it, whose fields wait for a receiver. */
  templated = false;
  /** The addresses of the conversation, to tell a new domain. */
  known: string[] = [];
  /** Where the message that is answered was sent to, if that is one of ours. */
  answeredAs: string | null = null;
  /** No other message of ours answers the same. */
  answersAlone = false;
  /** What the text was before it was turned into what it is. */
  #turned: { from: string; to: string; beside: Map<string, string | null> } | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #saving: Promise<void> = Promise.resolve();
  /** Files that this page has in hand, and how each is called off. */
  readonly #inHand = new Map<string, { file: File; stop: AbortController }>();

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
    const { identityId, to, cc, bcc, typed, subject, html, attachments } = $state.snapshot(this.fields) as Fields;
    return JSON.stringify([identityId, to, cc, bcc, typed, subject, textOf(html).trim(), attachments.map(({ key, error }) => [key, error])]);
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

  /** What is typed into the fields of the receivers becomes addresses; the first that is none, null where all are. */
  readTyped(): { field: 'to' | 'cc' | 'bcc'; text: string } | null {
    let wrong: { field: 'to' | 'cc' | 'bcc'; text: string } | null = null;
    for (const field of ['to', 'cc', 'bcc'] as const) {
      const { good, rest } = readAddresses(this.fields.typed[field]);
      const fresh = newTo(this.fields[field], good);
      if (fresh.length) this.fields[field] = [...this.fields[field], ...fresh];
      if (good.length) this.touch();
      this.fields.typed[field] = rest.join(', ');
      if (rest[0] !== undefined) wrong ??= { field, text: rest[0] };
    }
    return wrong;
  }

  /** With formatting, or without. Turned back, with nothing written between, it is as it was. */
  turn(): void {
    const { html, rich, attachments } = this.fields;
    const back = this.#turned?.to === html ? this.#turned : null;
    const pictures = rich && !back ? ownPictures(html) : [];
    // Plain text has no place for a picture: it goes along beside it.
    const beside = back?.beside ?? new Map(attachments.filter(({ cid }) => cid !== null && pictures.includes(cid)).map(({ key, cid }) => [key, cid]));
    for (const file of attachments) if (beside.has(file.key)) file.cid = rich ? null : (beside.get(file.key) ?? null);
    const fresh = back?.from ?? (rich ? asPlain(html) : asRich(html, this.identity));
    this.fields.html = fresh;
    this.fields.rich = !rich;
    this.#turned = { from: html, to: fresh, beside };
    this.touch();
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

  /** Whether this device keeps it. */
  async #keepHere({ queued = false, saved = false } = {}): Promise<boolean> {
    const fields = $state.snapshot(this.fields) as Fields;
    this.kept = await this.#write((db) => db.put('draft', this.key, { key: this.key, emailId: this.emailId, fields, at: Date.now(), known: this.known, answeredAs: this.answeredAs, ...(queued ? { queued } : {}), ...(saved ? { saved } : {}) } satisfies Kept));
    return this.kept;
  }

  /** The database keeps the order: the last word stays. */
  #write(work: (db: Database) => Promise<void>): Promise<boolean> {
    const { db } = this.mail.store;
    return db ? work(db).then(() => true, () => false) : Promise.resolve(false);
  }

  /** Leave it on this device for the log to send. False where this device keeps nothing. */
  queue(): Promise<boolean> {
    clearTimeout(this.#timer);
    return this.#keepHere({ queued: true });
  }

  /** Files that were attached without a network go up now. */
  async uploadKept(): Promise<void> {
    for (const entry of this.fields.attachments.filter((file) => file.local && file.blobId === null)) {
      const kept = await this.mail.store.db?.get<KeptFile>('meta', `file:${entry.key}`);
      if (!kept) throw new Refused('fileGone', t('compose.upload_failed', { name: entry.name, why: t('att.gone') }));
      const octets = Uint8Array.from(atob(kept.base64), (character) => character.charCodeAt(0));
      try {
        // Taken off meanwhile: the others go on.
        if (!(await this.#sendUp(entry, new File([octets], entry.name, { type: kept.type })))) continue;
      } finally {
        this.#inHand.delete(entry.key);
      }
      delete entry.local;
      await this.mail.store.db?.delete('meta', [`file:${entry.key}`]);
      this.state = 'dirty';
    }
  }

  take(kept: Kept): void {
    this.emailId = kept.emailId;
    this.fields = { ...this.fields, ...kept.fields };
    this.known = kept.known ?? [];
    this.answeredAs = kept.answeredAs ?? null;
    this.state = kept.saved ? 'saved' : 'local';
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
      await this.#keepHere();
      this.state = 'local';
      return;
    }
    this.state = 'saving';
    const dated = this.leaves?.getTime() ?? Date.now();
    try {
      await this.uploadKept();
      this.state = 'saving';
      const before = await this.#replaceable(client);
      const answer = await client.call<SetResponse<{ id: Id }>>('Email/set', {
        create: { draft: { ...this.toEmail(), mailboxIds: { [drafts]: true }, keywords: { $draft: true, $seen: true } } },
        ...(before ? { destroy: [before] } : {}),
      });
      const refused = answer.notCreated?.['draft'];
      if (refused) throw refusedBy(refused);
      if (before && answer.destroyed?.includes(before)) composers.replaced = new Set([...composers.replaced, before]);
      this.emailId = answer.created?.['draft']?.id ?? before;
      // Somebody else has replaced the version before: theirs stays where it is.
      if (before && answer.notDestroyed?.[before]?.type === 'notFound') this.conflict = true;
      this.dated = dated;
      // A page that ends now finds the draft again under its new id.
      await this.#keepHere({ saved: (this.state as SaveState) === 'saving' });
      // Whoever typed on meanwhile is dirty again.
      if ((this.state as SaveState) === 'saving') this.state = 'saved';
      this.savedAt = new Date();
    } catch (error) {
      this.mail.store.report(error);
      this.state = error instanceof Refused ? 'failed' : 'local';
      if (error instanceof Refused) this.problem = error.message;
    }
  }

  /** The version on the server that the next one takes the place of. What another window or device has sent, or thrown away, meanwhile is none: it stays as it is. */
  async #replaceable(client: Client): Promise<Id | null> {
    if (!this.emailId) return null;
    const { list } = await client.call<GetResponse<Pick<Email, 'id' | 'keywords'>>>('Email/get', { ids: [this.emailId], properties: ['id', 'keywords'] });
    if (list[0] && '$draft' in list[0].keywords) return this.emailId;
    this.conflict = true;
    return null;
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
      ...(this.leaves ? { sentAt: `${this.leaves.toISOString().slice(0, 19)}Z` } : {}),
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

  /** Whether a file that did not go up can be sent up once more. */
  hasInHand(key: string): boolean {
    return this.#inHand.has(key);
  }

  /** Once more, after it was refused or the line broke. */
  uploadAgain(key: string): void {
    const entry = this.fields.attachments.find((one) => one.key === key);
    const held = this.#inHand.get(key);
    if (!entry?.error || !held) return;
    entry.error = null;
    entry.progress = 0;
    void this.#upload(entry, held.file);
  }

  /** Send the octets of a file up, in hand until they are there. False where it was taken off meanwhile. */
  async #sendUp(entry: Attachment, file: File): Promise<boolean> {
    const stop = new AbortController();
    this.#inHand.set(entry.key, { file, stop });
    try {
      const { client } = this.mail.store;
      if (!client) throw new Offline(t('door.offline'));
      entry.blobId = (await upload(client, file, file.type, (share) => (entry.progress = share), stop.signal)).blobId;
    } catch (error) {
      entry.progress = 0;
      if (stop.signal.aborted) return false;
      throw error;
    }
    this.#inHand.delete(entry.key);
    entry.progress = 1;
    return true;
  }

  async #upload(entry: Attachment, file: File): Promise<void> {
    try {
      if (await this.#sendUp(entry, file)) this.touch();
    } catch (error) {
      if (error instanceof Offline && file.size <= MAX_KEPT_FILE && (await this.#keepFile(entry, file))) return;
      entry.error = inWords(error);
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
    try {
      await db.put('meta', `file:${entry.key}`, { type: file.type, base64: btoa(text) } satisfies KeptFile);
    } catch {
      return false; // The browser takes nothing more.
    }
    entry.local = true;
    entry.progress = 0;
    this.#inHand.delete(entry.key);
    this.touch();
    return true;
  }

  detach(key: string): void {
    this.#inHand.get(key)?.stop.abort();
    this.#inHand.delete(key);
    void this.mail.store.db?.delete('meta', [`file:${key}`]).catch(() => undefined);
    this.fields.attachments = this.fields.attachments.filter((file) => file.key !== key);
    this.touch();
  }

  /** Throw the draft away, here and on the server. */
  async discard(): Promise<void> {
    clearTimeout(this.#timer);
    this.state = 'clean';
    await this.#saving;
    await this.forgetHere();
    const { emailId, mail } = this;
    const { byRole } = mail.store;
    if (!emailId) return;
    const trash = byRole.get('trash')?.id;
    // By the log, so that it is done without a network too; a server that has no place for it destroys it.
    if (trash) {
      const patch = { ...mailbox(byRole.get('drafts')?.id ?? '', false), ...mailbox(trash, true) };
      await mail.store.load([emailId]);
      mail.log.perform('did.trash', { n: 1 }, { [emailId]: patch }, { quiet: true, blind: true });
    } else await mail.store.client?.call('Email/set', { destroy: [emailId] });
  }

  async forgetHere(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#write((db) => db.delete('draft', [this.key]));
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

const restoring = new WeakMap<Mail, Promise<void>>();

/** What was being written when the page went away comes back, minimised; once, whoever asks first. */
export function restore(mail: Mail): Promise<void> {
  const already = restoring.get(mail);
  if (already) return already;
  const work = restored(mail);
  restoring.set(mail, work);
  return work;
}

async function restored(mail: Mail): Promise<void> {
  const kept = (await mail.store.db?.all<Kept>('draft')) ?? [];
  for (const [key, value] of kept) {
    if (value.queued || Date.now() - value.at > 7 * 86_400_000 || composers.list.some((draft) => draft.key === key)) continue;
    const draft = new Draft(mail, key);
    draft.take(value);
    draft.minimised = true;
    if (!draft.empty) composers.list = [...composers.list, draft];
  }
}

export function textOf(html: string): string {
  return html.includes('<') ? (inert(html).body.textContent ?? '') : html;
}

function wrapHtml(html: string): string {
  return `<!DOCTYPE html><html><head><meta charset="utf-8"></head><body>${showStyles(html)}</body></html>`;
}
